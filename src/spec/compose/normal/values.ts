import { parseDurationMs } from '#base/duration.ts';
import { parseSizeBytes } from '#base/size.ts';
import { splitWords } from '#spec/compose/words.ts';
import type { Entry, Tree } from '#spec/yaml/tree.ts';
import { entriesOf, isNull, itemsOf, numberOf, spellingOf, textOf } from '#spec/yaml/tree.ts';

/*
 * Readers of checked trees. What does not fit its shape has been told by `check`; here it is as good as absent.
 */

export function bytesOf(tree: Tree | undefined): number | undefined {
  const text = textOf(tree);
  if (text?.trim() === '-1') return -1;
  return text === undefined ? undefined : parseSizeBytes(text);
}

export function msOf(tree: Tree | undefined): number | undefined {
  const text = textOf(tree);
  return text === undefined ? undefined : parseDurationMs(text);
}

/** A size or count of which 0 or less means "no limit". */
export function limitOf(value: number | undefined): number | undefined {
  return value === undefined || value <= 0 ? undefined : value;
}

/** Words of a command; undefined when there is none, or when a quote in it is never closed. */
export function wordsOf(tree: Tree | undefined): readonly string[] | undefined {
  if (tree === undefined || isNull(tree)) return undefined;
  if (tree.kind === 'list') return itemsOf(tree).flatMap((item) => textOf(item) ?? []);
  const text = textOf(tree);
  return text === undefined ? undefined : splitWords(text);
}

/** Pairs as texts. A key without a value is told to `bare`, which may know one. */
export function pairsOf(
  tree: Tree | undefined,
  bare: (entry: Entry) => string | undefined = () => '',
): Readonly<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const entry of entriesOf(tree)) {
    const value = isNull(entry.value) ? bare(entry) : spellingOf(entry.value);
    if (value !== undefined) found[entry.key] = value;
  }
  return sortKeys(found);
}

/** Octal permissions, however they were written: `0440`, `"440"`, `0o440`. */
export function modeOf(tree: Tree | undefined): number | undefined {
  const text = textOf(tree)?.replace(/^0o/, '');
  return text === undefined || !/^[0-7]{1,5}$/.test(text) ? undefined : Number.parseInt(text, 8);
}

export const integerOf = (tree: Tree | undefined): number | undefined => {
  const value = numberOf(tree);
  return value !== undefined && Number.isInteger(value) ? value : undefined;
};

/** The same record with its keys in order: the order they were written in has no meaning. */
export function sortKeys<T>(record: Readonly<Record<string, T>>): Readonly<Record<string, T>> {
  return Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
}
