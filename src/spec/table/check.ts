import { parseDurationMs } from '#base/duration.ts';
import { parseSizeBytes } from '#base/size.ts';
import { suggest } from '#base/suggest.ts';
import type { Problems } from '#spec/problems.ts';
import type { Entry, List, Mapping, Scalar, Tree } from '#spec/yaml/tree.ts';
import { booleanOf, describe, isNull, numberOf, shorten, textOf } from '#spec/yaml/tree.ts';
import type { ChoiceShape, Honoured, Key, Keys, NumberShape, Shape, TextShape } from './shape.ts';
import { alternative } from './shape.ts';
import { expected } from './words.ts';

/**
 * Tells `problems` every unknown or refused key and every value of the wrong shape below `tree`. The tree is in
 * its long form already (see `canonical`). `path` is the dotted place of the tree, for messages.
 */
export function check(tree: Tree, shape: Shape, path: string, problems: Problems, key?: Honoured): void {
  const fitting = alternative(shape, tree.kind);
  const wrong = (): void => wrongShape(tree, shape, path, problems, key);
  if (fitting === undefined) return wrong();
  switch (fitting.kind) {
    case 'object':
      if (tree.kind === 'mapping') return checkObject(tree, fitting.keys, path, problems);
      return fitting.orNothing && isNull(tree) ? undefined : wrong();
    case 'map':
      if (tree.kind === 'mapping') return checkMap(tree, fitting, path, problems);
      return wrong();
    case 'list':
      if (tree.kind === 'list') return checkList(tree, fitting.of, path, problems, key);
      return wrong();
    case 'hosts':
    case 'pairs':
      return tree.kind === 'mapping' ? checkPairs(tree, fitting.kind, path, problems) : wrong();
    case 'command':
      return checkCommand(tree, path, problems, wrong);
    case 'either':
    case 'anything':
      return;
    default:
      return tree.kind === 'scalar' ? checkScalar(tree, fitting, path, problems, wrong) : wrong();
  }
}

function checkObject(tree: Mapping, keys: Keys, path: string, problems: Problems): void {
  for (const entry of tree.entries.values()) {
    const key = own(keys, entry.key);
    const below = path === '' ? entry.key : `${path}.${entry.key}`;
    if (key === undefined) unknownKey(entry, keys, path, problems);
    else if (key.status === 'refused') {
      problems.add('refused-key', {
        what: `${below} is refused`,
        why: key.why,
        fix: key.instead,
        at: entry.at,
      });
    } else if (!isNull(entry.value) || key.required) {
      // A key with nothing after it (`ports:`) is as good as absent.
      check(entry.value, key.shape, below, problems, key);
    }
  }
  for (const [name, key] of Object.entries(keys)) {
    if (key.status !== 'honoured' || !key.required || tree.entries.has(name)) continue;
    problems.add('missing-key', {
      what: `${path === '' ? 'the file' : path} has no ${name}`,
      why: `${name}: ${key.means}`,
      fix: `add ${name}${key.example === undefined ? '' : `, for example ${name}: ${key.example}`}`,
      at: tree.at,
    });
  }
}

const own = (keys: Keys, name: string): Key | undefined =>
  Object.hasOwn(keys, name) ? keys[name] : undefined;

function unknownKey(entry: Entry, keys: Keys, path: string, problems: Problems): void {
  const known = Object.keys(keys).filter((name) => own(keys, name)?.status === 'honoured');
  const near = suggest(entry.key, known);
  if (entry.key.startsWith('x-')) {
    if (near?.startsWith('x-')) {
      problems.warn('ignored-key', {
        what: `${entry.key} is ignored, as every x- key is`,
        fix: `did you mean ${near}?`,
        at: entry.at,
      });
    } else if (entry.key === 'x-ballast') {
      problems.add('unknown-key', {
        what: `x-ballast has no meaning ${path === '' ? 'at the top of the file' : `in ${path}`}`,
        fix: 'write it below a service or a volume: services.NAME.x-ballast',
        at: entry.at,
      });
    }
    return;
  }
  const list = known.filter((name) => !name.startsWith('x-')).join(', ');
  const below = near === undefined ? deeper(keys, entry.key, 3) : undefined;
  const belongs = below === undefined ? undefined : `it belongs below ${below}: write ${below}.${entry.key}`;
  problems.add('unknown-key', {
    what: `${path === '' ? 'the file' : path} has no key ${entry.key}`,
    why: 'a key that is not known would be ignored, and nothing is ignored silently',
    fix: belongs ?? (near === undefined ? `known here: ${shortList(list)}` : `did you mean ${near}?`),
    at: entry.at,
  });
}

/** Where below these keys a key of this name would be at home: `deploy` for `replicas`. */
function deeper(keys: Keys, name: string, depth: number): string | undefined {
  for (const [parent, key] of Object.entries(keys)) {
    if (key.status !== 'honoured' || depth === 0) continue;
    const shape = alternative(key.shape, 'mapping');
    if (shape?.kind !== 'object') continue;
    if (own(shape.keys, name)?.status === 'honoured') return parent;
    const found = deeper(shape.keys, name, depth - 1);
    if (found !== undefined) return `${parent}.${found}`;
  }
  return undefined;
}

const shortList = (list: string): string => (list.length < 160 ? list : `${list.slice(0, 157)}…`);

function checkMap(
  tree: Mapping,
  shape: Extract<Shape, { kind: 'map' }>,
  path: string,
  problems: Problems,
): void {
  for (const entry of tree.entries.values()) {
    const below = path === '' ? entry.key : `${path}.${entry.key}`;
    if (entry.key.startsWith('x-') && shape.of.kind === 'object') continue;
    if (shape.names && !shape.names.test(entry.key)) {
      problems.add('bad-name', {
        what: `${below}: ${JSON.stringify(entry.key)} cannot be a name here`,
        fix: `choose ${shape.namesAre ?? `a name of the form ${shape.names.source}`}`,
        at: entry.at,
      });
      continue;
    }
    check(entry.value, shape.of, below, problems);
  }
}

function checkList(tree: List, of: Shape, path: string, problems: Problems, key?: Honoured): void {
  tree.items.forEach((item, index) => {
    check(item, of, `${path}[${index}]`, problems, key);
  });
}

/** Values of pairs are single values; of hosts also lists, since one name may have several addresses. */
function checkPairs(tree: Mapping, kind: 'pairs' | 'hosts', path: string, problems: Problems): void {
  for (const { key, value } of tree.entries.values()) {
    if (value.kind === 'scalar' || (kind === 'hosts' && value.kind === 'list')) continue;
    problems.add('wrong-type', {
      what: `${path}.${key}: ${describe(value)} where a single value is expected`,
      fix: `for example ${key}: ${kind === 'hosts' ? '192.0.2.10' : 'value'}`,
      at: value.at,
    });
  }
}

function checkCommand(tree: Tree, path: string, problems: Problems, wrong: () => void): void {
  if (tree.kind === 'list') {
    tree.items.forEach((item, index) => {
      if (textOf(item) === undefined) check(item, { kind: 'text' }, `${path}[${index}]`, problems);
    });
  } else if (tree.kind === 'mapping' || (!isNull(tree) && typeof tree.value !== 'string')) wrong();
}

function checkScalar(tree: Scalar, shape: Shape, path: string, problems: Problems, wrong: () => void): void {
  switch (shape.kind) {
    case 'text':
      return checkText(tree, shape, path, problems, wrong);
    case 'boolean':
      return booleanOf(tree) === undefined ? wrong() : undefined;
    case 'integer':
    case 'number':
      return checkNumber(tree, shape, path, problems, wrong);
    case 'size': {
      const given = textOf(tree);
      if (given !== undefined && shape.unlimited && given.trim() === '-1') return;
      return given === undefined || parseSizeBytes(given) === undefined ? wrong() : undefined;
    }
    case 'duration': {
      const ms =
        typeof tree.value === 'string' ? parseDurationMs(tree.value) : tree.value === 0 ? 0 : undefined;
      if (ms === undefined) return wrong();
      if (shape.minMs === undefined || ms >= shape.minMs) return;
      return problems.add('bad-value', {
        what: `${path}: ${tree.text} is too short`,
        fix: `use ${shape.minMs}ms or longer`,
        at: tree.at,
      });
    }
    case 'choice':
      return checkChoice(tree, shape, path, problems, wrong);
    default:
      return wrong();
  }
}

function checkText(
  tree: Scalar,
  shape: TextShape,
  path: string,
  problems: Problems,
  wrong: () => void,
): void {
  const given = shape.orNumber ? textOf(tree) : typeof tree.value === 'string' ? tree.value : undefined;
  if (given === undefined) return wrong();
  if (!shape.pattern || shape.pattern.test(given)) return;
  problems.add('bad-value', {
    what: `${path}: ${JSON.stringify(shorten(given))} is not ${shape.is ?? `of the form ${shape.pattern.source}`}`,
    at: tree.at,
  });
}

function checkNumber(
  tree: Scalar,
  shape: NumberShape,
  path: string,
  problems: Problems,
  wrong: () => void,
): void {
  const given = numberOf(tree);
  if (given === undefined || (shape.kind === 'integer' && !Number.isInteger(given))) return wrong();
  const { min, max } = shape;
  if ((min === undefined || given >= min) && (max === undefined || given <= max)) return;
  problems.add('bad-value', {
    what: `${path}: ${tree.text} is out of range`,
    fix:
      max === undefined
        ? `use ${min} or more`
        : min === undefined
          ? `use at most ${max}`
          : `use ${min} to ${max}`,
    at: tree.at,
  });
}

function checkChoice(
  tree: Scalar,
  shape: ChoiceShape,
  path: string,
  problems: Problems,
  wrong: () => void,
): void {
  const given = typeof tree.value === 'string' ? tree.value : tree.text;
  if (tree.value === null) return wrong();
  if (shape.values.includes(given)) return;
  const refusal = shape.refused?.[given];
  if (refusal) {
    const { why, instead } = refusal;
    return problems.add('refused-value', {
      what: `${path}: ${given} is refused`,
      why,
      fix: instead,
      at: tree.at,
    });
  }
  const near = suggest(given, shape.values);
  problems.add('bad-value', {
    what: `${path}: ${JSON.stringify(shorten(given))} is none of ${shape.values.join(', ')}`,
    fix: near === undefined ? undefined : `did you mean ${near}?`,
    at: tree.at,
  });
}

function wrongShape(tree: Tree, shape: Shape, path: string, problems: Problems, key?: Honoured): void {
  const name = path.split('.').findLast((part) => !/^\d+$/.test(part)) ?? path;
  const quotes = shape.kind === 'text' && tree.kind === 'scalar' && tree.value !== null;
  problems.add('wrong-type', {
    what: `${path === '' ? 'the file' : path}: ${describe(tree)} where ${expected(shape)} is expected`,
    fix: quotes
      ? `put it in quotes: "${tree.text}"`
      : key?.example === undefined
        ? undefined
        : `for example ${name}: ${key.example}`,
    at: tree.at,
  });
}
