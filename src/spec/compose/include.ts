import { canonical as canonicalJson } from '#base/json.ts';
import { dirname, joinPath, resolvePath } from '#base/path.ts';
import { check } from '#spec/table/check.ts';
import type { Entry, Mapping, Tree } from '#spec/yaml/tree.ts';
import { get, itemsOf, mapping, plain, textOf, textsOf } from '#spec/yaml/tree.ts';
import type { Project } from './documents.ts';
import { without } from './documents.ts';
import { parseEnvFile } from './dotenv.ts';
import { appKeys } from './keys/app.ts';
import type { Source, Variables } from './source.ts';
import { lookupIn } from './source.ts';

const depthMax = 32;

/** Top-level keys of an included file that speak of that file alone. */
const ownKeys: ReadonlySet<string> = new Set(['name', 'version', 'include']);

/** How a project is loaded, which in turn may include others. */
type Load = (project: Project, source: Source) => Mapping | undefined;

/** The document with everything that its `include` names added to it. Two different things of one name clash. */
export function applyIncludes(document: Mapping, project: Project, source: Source, load: Load): Mapping {
  const include = get(document, 'include');
  const key = appKeys['include'];
  if (include === undefined || key?.status !== 'honoured') return document;
  check(include, key.shape, 'include', source.problems, key);
  let result = without(document, 'include');
  for (const item of itemsOf(include)) {
    const other = projectOf(item, document.at.file, project, source);
    const included = other && load(other, source);
    if (included !== undefined) result = addAll(result, included, item, source);
  }
  return result;
}

/** The project that an entry of `include` names; undefined when it would never end. */
function projectOf(item: Tree, from: string, project: Project, source: Source): Project | undefined {
  const paths = textsOf(get(item, 'path'));
  const files = paths.map((path) => resolvePath(project.dir, path));
  const [first] = files;
  if (first === undefined) return undefined;
  if (paths.some((path) => /^[a-z]+:\/\//.test(path))) {
    source.problems.add('refused-value', {
      what: 'include names a file that is not on this computer',
      why: 'what is deployed is what lies beside the Compose file',
      fix: 'fetch it, and name the file',
      at: item.at,
    });
    return undefined;
  }
  const includedBy = [...project.includedBy, from];
  const again = files.find((file) => includedBy.includes(file));
  if (again !== undefined || includedBy.length > depthMax) {
    source.problems.add('include-cycle', {
      what: `include goes round in a ring: ${[...includedBy, again ?? first].join(' -> ')}`,
      fix: 'move what both files need into a third one',
      at: item.at,
    });
    return undefined;
  }
  const given = textOf(get(item, 'project_directory'));
  const dir = given === undefined ? dirname(first) : resolvePath(project.dir, given);
  const variables = { ...defaults(item, dir, project, source), ...project.variables };
  return { files, dir, variables, includedBy, at: item.at };
}

/** Variables of the included project's own env files, which count where ours are not set. */
function defaults(item: Tree, dir: string, project: Project, source: Source): Variables {
  const named = get(item, 'env_file');
  const files =
    named === undefined
      ? [joinPath(dir, '.env')]
      : textsOf(named).map((file) => resolvePath(project.dir, file));
  const found: Record<string, string> = {};
  for (const file of files) {
    const text = file === '/dev/null' ? '' : source.read(file);
    if (text !== undefined) {
      Object.assign(
        found,
        parseEnvFile({ file, text, lookup: lookupIn(project.variables) }, source.problems),
      );
    } else if (named !== undefined) {
      source.problems.add('missing-env-file', { what: `the env file ${file} cannot be read`, at: named.at });
    }
  }
  return found;
}

function addAll(into: Mapping, from: Mapping, item: Tree, source: Source): Mapping {
  const sections = new Map(into.entries);
  for (const section of from.entries.values()) {
    if (ownKeys.has(section.key) || section.key.startsWith('x-')) continue;
    const before = sections.get(section.key);
    if (before?.value.kind !== 'mapping' || section.value.kind !== 'mapping') {
      sections.set(section.key, before?.value.kind === 'mapping' ? before : section);
      continue;
    }
    const entries = new Map(before.value.entries);
    for (const entry of section.value.entries.values()) {
      const other = entries.get(entry.key);
      if (other !== undefined && !sameThing(other, entry)) clash(section.key, other, entry, item, source);
      else entries.set(entry.key, entry);
    }
    sections.set(section.key, { ...before, value: mapping(before.value, entries.values()) });
  }
  return mapping(into, sections.values());
}

const sameThing = (a: Entry, b: Entry): boolean =>
  canonicalJson(plain(a.value)) === canonicalJson(plain(b.value));

function clash(section: string, own: Entry, included: Entry, item: Tree, source: Source): void {
  source.problems.add('include-conflict', {
    what: `${section}.${own.key} is defined here and in ${included.at.file}, which line ${item.at.line} includes`,
    why: 'include adds another app; it does not merge into it',
    fix: 'rename one, or merge an override: include: [{ path: [THEIR_FILE, YOUR_OVERRIDE] }]',
    at: own.at,
  });
}
