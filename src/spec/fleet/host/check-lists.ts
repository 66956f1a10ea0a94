import type { Problems } from '#spec/problems.ts';
import type { Tree } from '#spec/yaml/tree.ts';
import { entriesOf, get, itemsOf, textOf } from '#spec/yaml/tree.ts';

const named = ['packages', 'directories', 'modules', 'groups', 'users'];

/** Names that stand twice in one list of a `host` section, in a tree that still has its lists. */
export function checkLists(root: Tree, problems: Problems): void {
  const sections = [
    { path: 'host', host: get(root, 'host') },
    ...entriesOf(get(root, 'machines')).map(({ key, value }) => ({
      path: `machines.${key}.host`,
      host: get(value, 'host'),
    })),
  ];
  for (const { path, host } of sections) {
    for (const kind of named) {
      const seen = new Set<string>();
      for (const item of itemsOf(get(host, kind))) {
        const name = textOf(item);
        if (name === undefined) continue;
        if (seen.has(name)) {
          problems.add('duplicate-key', {
            what: `${path}.${kind}: ${name} is listed twice`,
            fix: 'remove one of the two',
            at: item.at,
          });
        }
        seen.add(name);
      }
    }
  }
}
