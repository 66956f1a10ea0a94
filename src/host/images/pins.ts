import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { canonical } from '#base/json.ts';
import { cacheDir } from './storage.ts';

/** What earlier runs found out: the digest that something was pushed as. Only a hint; the registry has the word. */
export interface Pins {
  get(key: string): string | undefined;
  set(key: string, digest: string): void;
}

interface Entry {
  readonly digest: string;
  readonly at: number;
}

const entriesMax = 1_000;

/** Pins in a file of the cache directory. Losing it, or an entry to another run, costs time and nothing else. */
export function filePins(cache: string = cacheDir()): Pins {
  const path = join(cache, 'pins.json');
  const read = (): Record<string, Entry> => {
    try {
      return JSON.parse(readFileSync(path, 'utf8')) as Record<string, Entry>;
    } catch {
      return {};
    }
  };
  return {
    get: (key) => read()[key]?.digest,
    set: (key, digest) => {
      const all = { ...read(), [key]: { digest, at: Date.now() } };
      const kept = Object.entries(all)
        .toSorted(([, a], [, b]) => b.at - a.at)
        .slice(0, entriesMax);
      mkdirSync(cache, { recursive: true, mode: 0o700 });
      const next = `${path}.${process.pid}`;
      writeFileSync(next, JSON.stringify(Object.fromEntries(kept)));
      renameSync(next, path);
    },
  };
}

/** One key for all that a result depends on. */
export const pinKey = (...parts: readonly unknown[]): string =>
  createHash('sha256').update(canonical(parts)).digest('hex');
