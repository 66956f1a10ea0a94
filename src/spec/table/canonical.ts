import type { Entry, Tree } from '#spec/yaml/tree.ts';
import { list, mapping, scalar } from '#spec/yaml/tree.ts';
import type { Shape } from './shape.ts';
import { alternative } from './shape.ts';

/**
 * The tree with its short forms spelled out, as far as the table tells them apart by kind alone: lists of
 * `KEY=value` become mappings, single values become lists of one. Only then can two files be merged by key.
 * What does not fit its shape is left alone for `check` to report.
 */
export function canonical(tree: Tree, shape: Shape): Tree {
  const fitting = alternative(shape, tree.kind);
  switch (fitting?.kind) {
    case 'object': {
      if (tree.kind === 'scalar' && fitting.short !== undefined && tree.value !== null) {
        const long = mapping(tree, [{ key: fitting.short, at: tree.at, value: { ...tree, ...noTag(tree) } }]);
        return canonical(long, fitting);
      }
      return eachEntry(tree, (entry) => {
        const key = Object.hasOwn(fitting.keys, entry.key) ? fitting.keys[entry.key] : undefined;
        return key?.status === 'honoured' ? key.shape : undefined;
      });
    }
    case 'map': {
      if (tree.kind === 'list' && fitting.orList) {
        if (!tree.items.every((item) => item.kind === 'scalar' && typeof item.value === 'string'))
          return tree;
        return mapping(
          tree,
          tree.items.map((item) => {
            const key = item.kind === 'scalar' ? item.text : '';
            return { key, at: item.at, value: scalar(item, null) };
          }),
        );
      }
      return eachEntry(tree, () => fitting.of);
    }
    case 'list': {
      if (tree.kind === 'scalar' && fitting.orOne && tree.value !== null) {
        return list(tree, [canonical({ ...tree, ...noTag(tree) }, fitting.of)]);
      }
      if (tree.kind !== 'list') return tree;
      return list(
        tree,
        tree.items.map((item) => canonical(item, fitting.of)),
      );
    }
    case 'pairs':
      return pairs(tree);
    case 'hosts':
      return hosts(tree);
    default:
      return tree;
  }
}

/** The tag belongs to the whole, which takes it over from the single value. */
const noTag = (tree: Tree): object => (tree.tag === undefined ? {} : { tag: undefined });

function eachEntry(tree: Tree, shapeOf: (entry: Entry) => Shape | undefined): Tree {
  if (tree.kind !== 'mapping') return tree;
  return mapping(
    tree,
    [...tree.entries.values()].map((entry) => {
      const shape = shapeOf(entry);
      return shape === undefined ? entry : { ...entry, value: canonical(entry.value, shape) };
    }),
  );
}

/** `[A=1, B]` -> `{ A: "1", B: }`; the last of two equal keys counts. */
function pairs(tree: Tree): Tree {
  if (tree.kind !== 'list' || !tree.items.every((item) => item.kind === 'scalar' && item.value !== null))
    return tree;
  return mapping(
    tree,
    tree.items.map((item) => {
      const text = item.kind === 'scalar' ? item.text : '';
      const equals = text.indexOf('=');
      return equals < 0
        ? { key: text, at: item.at, value: scalar(item, null) }
        : { key: text.slice(0, equals), at: item.at, value: scalar(item, text.slice(equals + 1)) };
    }),
  );
}

/** Every form of extra_hosts as `name: [address, …]`. */
function hosts(tree: Tree): Tree {
  const found = new Map<string, Entry>();
  const add = (name: string, at: Tree, addresses: readonly Tree[]): void => {
    const before = found.get(name);
    const known = before?.value.kind === 'list' ? before.value.items : [];
    found.set(name, { key: name, at: before?.at ?? at.at, value: list(at, [...known, ...addresses]) });
  };
  if (tree.kind === 'scalar') return tree;
  if (tree.kind === 'list') {
    for (const item of tree.items) {
      if (item.kind !== 'scalar') return tree;
      const match = /^([^=:\s]+)[=:](.+)$/.exec(item.text.trim());
      if (match?.[1] === undefined || match[2] === undefined) add(item.text, item, []);
      else add(match[1], item, [scalar(item, match[2].replace(/^\[(.*)\]$/, '$1'))]);
    }
  } else {
    for (const { key, value } of tree.entries.values()) {
      if (value.kind === 'mapping') return tree;
      add(key, value, value.kind === 'list' ? value.items : [value]);
    }
  }
  return mapping(tree, found.values());
}
