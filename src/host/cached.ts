import { stat } from 'node:fs/promises';

/**
 * Remembers what a slow look gave until one of `paths` changes. Where none of them can be read, it looks each time.
 */
export function cachedBy<T>(paths: readonly string[], look: () => Promise<T>): () => Promise<T> {
  let known: { readonly key: string; readonly value: T } | undefined;
  return async () => {
    // Taken before the look: a change during it makes the next look fresh.
    const key = await changeKey(paths);
    if (key !== '' && known?.key === key) return known.value;
    const value = await look();
    known = { key, value };
    return value;
  };
}

async function changeKey(paths: readonly string[]): Promise<string> {
  const parts: string[] = [];
  for (const path of paths) {
    const found = await stat(path, { bigint: true }).catch(() => null);
    if (found) parts.push(`${path} ${found.mtimeNs} ${found.size} ${found.ino}`);
  }
  return parts.join('\n');
}
