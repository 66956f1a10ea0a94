import type { Origin } from '#base/result.ts';
import type { Origins } from '#spec/model.ts';
import type { Tree } from '#spec/yaml/tree.ts';
import { entriesOf } from '#spec/yaml/tree.ts';
import { sortKeys } from './normal/values.ts';

const depthMax = 4;
/** Rules say whom they mean further below: `services.web.x-ballast.inbound.0.from.1`. */
const extensionDepthMax = 7;

/** Where things were written, down to the entries of a service's keys: `services.web.ports.0`. */
export function originsOf(root: Tree): Origins {
  const found: Record<string, Origin> = {};
  const visit = (tree: Tree, path: string, depth: number): void => {
    if (depth > (/^services\..+\.(x-ballast|networks)|^networks\./.test(path) ? extensionDepthMax : depthMax))
      return;
    if (tree.kind === 'list') {
      tree.items.forEach((item, index) => {
        found[`${path}.${index}`] = item.at;
        visit(item, `${path}.${index}`, depth + 1);
      });
    }
    for (const { key, at, value } of entriesOf(tree)) {
      const below = path === '' ? key : `${path}.${key}`;
      found[below] = at;
      visit(value, below, depth + 1);
    }
  };
  visit(root, '', 1);
  return sortKeys(found);
}
