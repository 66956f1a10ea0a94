import { dirname } from '#base/path.ts';
import type { Origin } from '#base/result.ts';
import { canonical } from '#spec/table/canonical.ts';
import { parseYaml } from '#spec/yaml/parse.ts';
import type { Mapping } from '#spec/yaml/tree.ts';
import { describe, mapping } from '#spec/yaml/tree.ts';
import { interpolateTree } from './interpolate-tree.ts';
import { appShape } from './keys/app.ts';
import type { Source, Variables } from './source.ts';
import { lookupIn } from './source.ts';

/** Compose files that make one project: merged in order, with one directory and one set of variables. */
export interface Project {
  readonly files: readonly string[];
  /** Where relative paths in them are seen from. */
  readonly dir: string;
  readonly variables: Variables;
  /** Files whose `include` led here, outermost first. */
  readonly includedBy: readonly string[];
  /** Where the files were named, when it was in another file. */
  readonly at?: Origin;
}

/** The documents of one file, variables put in, in canonical form. */
export function readDocuments(
  file: string,
  project: Pick<Project, 'dir' | 'variables' | 'at'>,
  source: Source,
): readonly Mapping[] {
  const text = source.read(file);
  if (text === undefined) {
    source.problems.add('missing-file', {
      what: `the Compose file ${file} cannot be read`,
      fix: 'check its path and its permissions',
      at: project.at,
    });
    return [];
  }
  return parseYaml({ file, text, dir: project.dir }, source.problems).flatMap((tree) => {
    if (tree.kind !== 'mapping') {
      if (tree.kind === 'scalar' && tree.value === null) return [];
      source.problems.add('wrong-type', {
        what: `the file holds ${describe(tree)} where a mapping is expected`,
        fix: 'a Compose file begins like this: services:',
        at: tree.at,
      });
      return [];
    }
    const filled = interpolateTree(tree, lookupIn(project.variables), source.problems);
    const long = canonical(filled, appShape);
    return long.kind === 'mapping' ? [long] : [];
  });
}

/** A file named by `extends`, as a project of its own: its paths are seen from where it is. */
export const projectOf = (path: string, variables: Variables, at: Origin): Project => ({
  files: [path],
  dir: dirname(path),
  variables,
  includedBy: [],
  at,
});

/** The mapping without some of its keys. */
export const without = (tree: Mapping, ...keys: readonly string[]): Mapping =>
  mapping(
    tree,
    [...tree.entries.values()].filter((entry) => !keys.includes(entry.key)),
  );

/** The mapping with one value replaced; its key stays where it was written. */
export function withValue(tree: Mapping, key: string, value: Mapping, at: Origin): Mapping {
  const entries = new Map(tree.entries);
  entries.set(key, { key, at: tree.entries.get(key)?.at ?? at, value });
  return mapping(tree, entries.values());
}
