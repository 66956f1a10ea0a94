/** The entries as a member of an object, sorted by key; no member at all when there are none. */
export const unlessEmpty = <K extends string, T>(
  key: K,
  entries: readonly (readonly [string, T])[],
): { readonly [P in K]?: Record<string, T> } =>
  entries.length === 0 ? {} : ({ [key]: sortedObject(new Map(entries)) } as { [P in K]: Record<string, T> });

/** An object with the map's entries, sorted by key. */
export function sortedObject<T>(map: ReadonlyMap<string, T>): Record<string, T> {
  return Object.fromEntries([...map].sort(([a], [b]) => (a < b ? -1 : 1)));
}
