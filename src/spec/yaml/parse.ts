import type { Document, Node, ParsedNode, YAMLError, YAMLMap } from 'yaml';
import { isAlias, isMap, isNode, isScalar, isSeq, LineCounter, parseAllDocuments } from 'yaml';
import type { Origin } from '#base/result.ts';
import type { Problems } from '#spec/problems.ts';
import type { Entry, Tree } from './tree.ts';

/** More values than any sane file holds; reached only by anchors that multiply each other. */
const treesMax = 100_000;
const depthMax = 64;

export interface YamlSource {
  /** Shown in every problem. */
  readonly file: string;
  readonly text: string;
  /** Where relative paths in it are seen from. */
  readonly dir: string;
}

/** The documents of a YAML 1.2 text as trees. What is broken is told to `problems`; nothing is thrown. */
export function parseYaml(source: YamlSource, problems: Problems): readonly Tree[] {
  const lines = new LineCounter();
  const documents = parseAllDocuments(source.text, {
    lineCounter: lines,
    prettyErrors: false,
    uniqueKeys: true,
    strict: true,
    logLevel: 'silent',
  });
  if (!Array.isArray(documents)) return [];
  const at = (offset: number): Origin => {
    const { line, col } = lines.linePos(offset);
    return { file: source.file, line: Math.max(1, line), column: Math.max(1, col) };
  };
  return documents.flatMap((document) => {
    for (const error of document.errors) complain(error, source.text, at(error.pos[0]), problems);
    // A key that stands twice leaves a whole tree: what else is wrong in it is told as well.
    const broken = document.errors.some(({ code }) => code !== 'DUPLICATE_KEY');
    if (broken || document.contents === null) return [];
    return convert(document as Document.Parsed, source, at, problems) ?? [];
  });
}

function complain(error: YAMLError, text: string, at: Origin, problems: Problems): void {
  const message = error.message.replace(/\s+at line \d+, column \d+:?[\s\S]*$/, '');
  if (error.code === 'DUPLICATE_KEY') {
    problems.add('duplicate-key', {
      what: `${/^["']?([\w.-]+)/.exec(text.slice(error.pos[0]))?.[1] ?? 'this key'} stands twice in the same mapping`,
      why: 'only one of the two values could count, and nothing says which',
      fix: 'keep one of them',
      at,
    });
  } else if (error.code === 'TAB_AS_INDENT') {
    problems.add('yaml', {
      what: 'a tab indents this line',
      why: 'YAML allows spaces only, since tabs are as wide as each editor likes',
      fix: 'replace the tab by spaces',
      at,
    });
  } else {
    problems.add('yaml', { what: yamlWhat(error.code, message), fix: yamlFix(error.code, message), at });
  }
}

const lowerFirst = (text: string): string => text.slice(0, 1).toLowerCase() + text.slice(1);

function yamlWhat(code: string, message: string): string {
  if (code === 'BLOCK_AS_IMPLICIT_KEY') return 'broken YAML: a mapping begins in the middle of a value';
  return `broken YAML: ${lowerFirst(message)}`;
}

function yamlFix(code: string, message: string): string | undefined {
  if (/flow (map|sequence|seq)/i.test(message)) return 'close the bracket that was opened before';
  switch (code) {
    case 'BLOCK_AS_IMPLICIT_KEY':
    case 'MULTILINE_IMPLICIT_KEY':
      return 'put the value in quotes if it holds ": ", or check the indentation of this line and the next';
    case 'BAD_INDENT':
    case 'IMPOSSIBLE':
    case 'UNEXPECTED_TOKEN':
      return 'check the indentation: entries of one mapping or list begin in the same column';
    case 'MISSING_CHAR':
      return 'check for a missing colon, quote or bracket here or on the line before';
    case 'BAD_ALIAS':
      return 'define the anchor (&name) before it is used (*name)';
    default:
      return undefined;
  }
}

function convert(
  document: Document.Parsed,
  source: YamlSource,
  at: (offset: number) => Origin,
  problems: Problems,
): Tree | undefined {
  let count = 0;
  let full = false;
  let broken = false;

  const tree = (node: Node, depth: number): Tree => {
    const origin = at(node.range?.[0] ?? 0);
    count += 1;
    if (count > treesMax || depth > depthMax) {
      full = true;
      return { kind: 'scalar', at: origin, dir: source.dir, value: null, text: '' };
    }
    if (isAlias(node)) {
      const target = node.resolve(document as Document);
      if (target) return tree(target, depth + 1);
      broken = true;
      problems.add('yaml', { what: `the alias *${node.source} names no anchor`, at: origin });
      return { kind: 'scalar', at: origin, dir: source.dir, value: null, text: '' };
    }
    const tag = tagOf(node, origin);
    const base = { at: origin, dir: source.dir, ...(tag === undefined ? {} : { tag }) };
    if (isMap(node)) return { ...base, kind: 'mapping', entries: entries(node, depth) };
    if (isSeq(node)) {
      return { ...base, kind: 'list', items: node.items.filter(isNode).map((item) => tree(item, depth + 1)) };
    }
    if (!isScalar(node)) return { ...base, kind: 'scalar', value: null, text: '' };
    const text = typeof node.source === 'string' ? node.source : String(node.value ?? '');
    const value = tag === undefined ? node.value : plainValue(node.type, text);
    return { ...base, kind: 'scalar', ...valueOf(value, text) };
  };

  const tagOf = (node: Node, origin: Origin): 'reset' | 'override' | undefined => {
    const tag = node.tag;
    if (tag === '!reset' || tag === '!override') return tag === '!reset' ? 'reset' : 'override';
    if (tag !== undefined && !tag.startsWith('tag:yaml.org,2002:') && tag !== '!') {
      problems.add('unknown-tag', {
        what: `unknown YAML tag ${tag}`,
        fix: 'Compose knows !reset and !override; remove any other',
        at: origin,
      });
    }
    return undefined;
  };

  const entries = (node: YAMLMap, depth: number): ReadonlyMap<string, Entry> => {
    const own = new Map<string, Entry>();
    const merged = new Map<string, Entry>();
    for (const pair of node.items) {
      const key = pair.key as ParsedNode | null;
      const keyAt = at(key?.range?.[0] ?? node.range?.[0] ?? 0);
      if (!isScalar(key)) {
        problems.add('wrong-type', {
          what: 'a key has to be a plain word, not a list or a mapping',
          at: keyAt,
        });
        continue;
      }
      const name = typeof key.source === 'string' ? key.source : String(key.value ?? '');
      const value: Tree = isNode(pair.value)
        ? tree(pair.value, depth + 1)
        : { kind: 'scalar', at: keyAt, dir: source.dir, value: null, text: '' };
      if (name === '<<' && key.type === 'PLAIN') mergeInto(merged, value);
      else own.set(name, { key: name, at: keyAt, value });
    }
    for (const [name, entry] of merged) if (!own.has(name)) own.set(name, entry);
    return own;
  };

  /** `<<: *a` or `<<: [*a, *b]`: of several, the first that has a key counts. */
  const mergeInto = (merged: Map<string, Entry>, value: Tree): void => {
    for (const from of value.kind === 'list' ? value.items : [value]) {
      if (from.kind !== 'mapping') {
        problems.add('wrong-type', {
          what: 'a merge key (<<) takes a mapping or a list of mappings',
          fix: 'for example <<: *defaults',
          at: from.at,
        });
        continue;
      }
      for (const [name, entry] of from.entries) if (!merged.has(name)) merged.set(name, entry);
    }
  };

  if (!isNode(document.contents)) return undefined;
  const root = tree(document.contents, 0);
  if (broken) return undefined;
  if (!full) return root;
  problems.add('too-large', {
    what: 'the file grows beyond all measure',
    why: `its anchors multiply each other to more than ${treesMax} values, or values nest more than ${depthMax} deep`,
    fix: 'use fewer nested aliases',
    at: root.at,
  });
  return undefined;
}

function valueOf(value: unknown, text: string): { value: string | number | boolean | null; text: string } {
  if (value === null || typeof value === 'boolean' || typeof value === 'number') return { value, text };
  return typeof value === 'string' ? { value, text: value } : { value: text, text };
}

/** A value under `!override` has no type of its own any more: plain words get the one YAML would give them. */
function plainValue(style: string | null | undefined, text: string): string | number | boolean | null {
  if (style !== 'PLAIN') return text;
  if (/^(~|null|Null|NULL|)$/.test(text)) return null;
  if (/^(true|True|TRUE|false|False|FALSE)$/.test(text)) return text.toLowerCase() === 'true';
  return /^[-+]?(\d+(\.\d*)?|\.\d+)$/.test(text) ? Number(text) : text;
}
