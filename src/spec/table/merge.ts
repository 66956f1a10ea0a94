import { canonical as canonicalJson } from '#base/json.ts';
import type { Entry, List, Mapping, Tree } from '#spec/yaml/tree.ts';
import { get, isNull, list, mapping, plain, textOf } from '#spec/yaml/tree.ts';
import type { ListShape, Shape } from './shape.ts';
import { alternative } from './shape.ts';

/** What makes an entry of a list the same as another, for each way of `ListShape.unique` but `whole`. */
export type Identities = Readonly<
  Record<Exclude<NonNullable<ListShape['unique']>, 'whole'>, (item: Tree) => string | undefined>
>;

/**
 * `over` laid upon `base` by the rules of Compose: mappings are merged, lists appended, commands and single values
 * replaced; entries of ports, volumes, secrets and configs that mean the same thing are replaced in place. Both
 * trees are in canonical form. Pure: neither is changed.
 */
export function merge(base: Tree, over: Tree, shape: Shape | undefined, identities: Identities): Tree {
  if (over.tag === 'override' || base.tag === 'reset') return over;
  const fitting = shape && alternative(shape, over.kind === 'scalar' ? base.kind : over.kind);
  if (fitting?.kind === 'command') return over;
  if (base.kind === 'mapping' && over.kind === 'mapping')
    return mergeMappings(base, over, fitting, identities);
  if (base.kind === 'list' && over.kind === 'list') return mergeLists(base, over, fitting, identities);
  return isNull(over) && base.kind !== 'scalar' ? base : over;
}

function mergeMappings(
  base: Mapping,
  over: Mapping,
  shape: Shape | undefined,
  identities: Identities,
): Mapping {
  if (shape?.kind === 'object' && shape.replaceUnlessSame !== undefined) {
    const [before, after] = [base, over].map((tree) => textOf(get(tree, shape.replaceUnlessSame ?? '')));
    if (before !== undefined && after !== undefined && before !== after) return over;
  }
  const entries = new Map<string, Entry>();
  for (const [name, entry] of base.entries) {
    const other = over.entries.get(name);
    if (other?.value.tag === 'reset' || (other === undefined && entry.value.tag === 'reset')) continue;
    if (other === undefined) entries.set(name, entry);
    else
      entries.set(name, {
        ...other,
        value: merge(entry.value, other.value, shapeOf(shape, name), identities),
      });
  }
  for (const [name, entry] of over.entries) {
    if (!base.entries.has(name)) entries.set(name, entry);
  }
  return mapping(over, entries.values());
}

function shapeOf(shape: Shape | undefined, name: string): Shape | undefined {
  switch (shape?.kind) {
    case 'object': {
      const key = Object.hasOwn(shape.keys, name) ? shape.keys[name] : undefined;
      return key?.status === 'honoured' ? key.shape : undefined;
    }
    case 'map':
      return shape.of;
    case 'hosts':
      return { kind: 'list', of: { kind: 'text' }, unique: 'whole' };
    default:
      return undefined;
  }
}

function mergeLists(base: List, over: List, shape: Shape | undefined, identities: Identities): List {
  const unique = shape?.kind === 'list' ? shape.unique : undefined;
  if (unique === undefined) return list(over, [...base.items, ...over.items]);
  const idOf = (item: Tree): string | undefined =>
    unique === 'whole' ? canonicalJson(plain(item)) : identities[unique](item);
  const items = new Map<string, Tree>();
  [...base.items, ...over.items].forEach((item, index) => {
    items.set(idOf(item) ?? `#${index}`, item);
  });
  return list(over, [...items.values()]);
}

/** The tree without what `!reset` took away, and without the tags themselves. */
export function settle(tree: Tree): Tree {
  const { tag: _, ...bare } = tree;
  switch (bare.kind) {
    case 'scalar':
      return bare;
    case 'list':
      return { ...bare, items: bare.items.filter((item) => item.tag !== 'reset').map(settle) };
    case 'mapping':
      return mapping(
        bare,
        [...bare.entries.values()]
          .filter((entry) => entry.value.tag !== 'reset')
          .map((entry) => ({ ...entry, value: settle(entry.value) })),
      );
  }
}
