import type { Resource } from '#compile/manifest.ts';

export type Field = string | number | boolean;

/** What is compared of a resource. Texts that are long or secret stand there as digests. */
export type Fields = Readonly<Record<string, Field>>;

export interface FieldChange {
  readonly name: string;
  readonly before: string | null;
  readonly after: string | null;
}

export interface Observed {
  readonly fields: Fields;
  /** Set when nobody asked for it, yet it lies where everything is Ballast's: it has to go. */
  readonly stray?: Resource;
}

/** What is there, by resource id. An id that is missing is a thing that is absent. */
export type Observation = ReadonlyMap<string, Observed>;

/** Fields of `wanted` that are otherwise on the machine. Fields that nobody asked about do not count. */
export function changesBetween(seen: Fields | null, wanted: Fields): readonly FieldChange[] {
  return Object.keys(wanted)
    .sort()
    .filter((name) => seen === null || seen[name] !== wanted[name])
    .map((name) => ({ name, before: show(seen?.[name]), after: show(wanted[name]) }));
}

const show = (field: Field | undefined): string | null => (field === undefined ? null : String(field));
