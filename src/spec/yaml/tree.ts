import type { Origin } from '#base/result.ts';

/**
 * A YAML value that knows where it was written. Aliases and merge keys are already resolved, so that a value
 * taken from an anchor points at the anchor. `dir` is the directory that relative paths in it are seen from.
 */
export type Tree = Scalar | List | Mapping;

interface TreeBase {
  readonly at: Origin;
  readonly dir: string;
  /** `!reset` takes the value away when files are merged, `!override` replaces instead of merging. */
  readonly tag?: 'reset' | 'override';
}

export interface Scalar extends TreeBase {
  readonly kind: 'scalar';
  readonly value: string | number | boolean | null;
  /** As written, without quotes: a mode of `0444` is not the number 444. */
  readonly text: string;
}

export interface List extends TreeBase {
  readonly kind: 'list';
  readonly items: readonly Tree[];
}

export interface Mapping extends TreeBase {
  readonly kind: 'mapping';
  readonly entries: ReadonlyMap<string, Entry>;
}

export interface Entry {
  readonly key: string;
  /** Where the key stands; the value has an origin of its own. */
  readonly at: Origin;
  readonly value: Tree;
}

/** The value below `keys`; undefined when a step is missing or is no mapping. */
export function get(tree: Tree | undefined, ...keys: readonly string[]): Tree | undefined {
  let at = tree;
  for (const key of keys) at = at?.kind === 'mapping' ? at.entries.get(key)?.value : undefined;
  return at;
}

export const isNull = (tree: Tree | undefined): boolean => tree?.kind === 'scalar' && tree.value === null;

/** The text of a string or number; undefined for anything else. */
export function textOf(tree: Tree | undefined): string | undefined {
  if (tree?.kind !== 'scalar') return undefined;
  return typeof tree.value === 'string' ? tree.value : typeof tree.value === 'number' ? tree.text : undefined;
}

/** The value as YAML means it, spelled as text: booleans too. Undefined for null and for collections. */
export function spellingOf(tree: Tree | undefined): string | undefined {
  if (tree?.kind !== 'scalar' || tree.value === null) return undefined;
  return typeof tree.value === 'string' ? tree.value : tree.text;
}

/** A number, also when it was written as text, which is what interpolation leaves behind. */
export function numberOf(tree: Tree | undefined): number | undefined {
  if (tree?.kind !== 'scalar') return undefined;
  if (typeof tree.value === 'number') return tree.value;
  if (typeof tree.value !== 'string' || !/^[-+]?(\d+\.?\d*|\.\d+)$/.test(tree.value.trim())) return undefined;
  return Number(tree.value);
}

export function booleanOf(tree: Tree | undefined): boolean | undefined {
  if (tree?.kind !== 'scalar') return undefined;
  if (typeof tree.value === 'boolean') return tree.value;
  if (typeof tree.value !== 'string') return undefined;
  return spokenBooleans.get(tree.value.toLowerCase());
}

/** YAML 1.1 knew more words for it, and Compose still takes them. */
const spokenBooleans: ReadonlyMap<string, boolean> = new Map(
  ['true', 'yes', 'on', 'y']
    .map((word): [string, boolean] => [word, true])
    .concat(['false', 'no', 'off', 'n'].map((word): [string, boolean] => [word, false])),
);

export const itemsOf = (tree: Tree | undefined): readonly Tree[] => (tree?.kind === 'list' ? tree.items : []);

export const entriesOf = (tree: Tree | undefined): readonly Entry[] =>
  tree?.kind === 'mapping' ? [...tree.entries.values()] : [];

/** Texts of a list, or of the single value that stands for a list of one. */
export function textsOf(tree: Tree | undefined): readonly string[] {
  const items = tree?.kind === 'scalar' ? [tree] : itemsOf(tree);
  return items.flatMap((item) => textOf(item) ?? []);
}

/** What kind of thing it is, for people. */
export function describe(tree: Tree): string {
  if (tree.kind === 'list') return 'a list';
  if (tree.kind === 'mapping') return 'a mapping';
  if (tree.value === null) return 'nothing';
  if (typeof tree.value === 'string') return `the text ${JSON.stringify(shorten(tree.value))}`;
  return `the ${typeof tree.value} ${tree.text}`;
}

export const shorten = (text: string): string => (text.length <= 60 ? text : `${text.slice(0, 57)}…`);

/** A plain value for output and comparison, without origins. */
export function plain(tree: Tree): unknown {
  switch (tree.kind) {
    case 'scalar':
      return tree.value;
    case 'list':
      return tree.items.map(plain);
    case 'mapping':
      return Object.fromEntries([...tree.entries.values()].map((entry) => [entry.key, plain(entry.value)]));
  }
}

export const mapping = (like: Tree, entries: Iterable<Entry>): Mapping => ({
  kind: 'mapping',
  at: like.at,
  dir: like.dir,
  ...(like.tag === undefined ? {} : { tag: like.tag }),
  entries: new Map([...entries].map((entry) => [entry.key, entry])),
});

export const list = (like: Tree, items: readonly Tree[]): List => ({
  kind: 'list',
  at: like.at,
  dir: like.dir,
  ...(like.tag === undefined ? {} : { tag: like.tag }),
  items,
});

export const scalar = (like: Tree, value: string | null): Scalar => ({
  kind: 'scalar',
  at: like.at,
  dir: like.dir,
  value,
  text: value ?? '',
});
