import type { Problems } from '#spec/problems.ts';
import type { Tree } from '#spec/yaml/tree.ts';
import { list, mapping } from '#spec/yaml/tree.ts';
import type { Lookup } from './interpolate.ts';
import { interpolate } from './interpolate.ts';

/** The tree with variables put into every text value. Keys stay as they are, as Compose has it. */
export function interpolateTree(tree: Tree, lookup: Lookup, problems: Problems): Tree {
  if (tree.kind === 'list') {
    return list(
      tree,
      tree.items.map((item) => interpolateTree(item, lookup, problems)),
    );
  }
  if (tree.kind === 'mapping') {
    return mapping(
      tree,
      [...tree.entries.values()].map((entry) => ({
        ...entry,
        value: interpolateTree(entry.value, lookup, problems),
      })),
    );
  }
  if (typeof tree.value !== 'string' || !tree.value.includes('$')) return tree;
  const { text, unset, missing, broken } = interpolate(tree.value, lookup);
  if (broken !== undefined) {
    problems.add('bad-interpolation', {
      what: `${broken}: ${tree.value}`,
      fix: 'write $$ for a dollar sign, ${NAME} for a variable, ${NAME:-value} for one with a default',
      at: tree.at,
    });
  }
  for (const { name, message } of missing) {
    problems.add('missing-variable', {
      what: `the variable ${name} has to be set${message === '' ? '' : `: ${message}`}`,
      why: `the file requires it by \${${name}:?…}`,
      fix: `set ${name} in the environment or in .env`,
      at: tree.at,
    });
  }
  for (const name of unset) {
    problems.warn('unset-variable', {
      what: `the variable ${name} is not set and counts as empty`,
      fix: `set it in the environment or in .env, or give it a default: \${${name}:-value}`,
      at: tree.at,
    });
  }
  return { ...tree, value: text, text };
}
