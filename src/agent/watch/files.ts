import { type FSWatcher, watch } from 'node:fs';
import { basename, dirname } from 'node:path';
import type { Interest } from './interests.ts';

/** Hears of changes of files as they happen, by inotify: of their content, their mode and owner, and their going. */
export interface FileWatch {
  /** What to listen for from now on, instead of what was listened for before. */
  readonly follow: (interests: readonly Interest[]) => void;
  /** Listens again where a directory was away. */
  readonly refresh: () => void;
}

/** What is of interest in one directory. */
type Place = readonly Interest[];

export function createFileWatch(onHit: (hit: Interest) => void, signal: AbortSignal): FileWatch {
  const watchers = new Map<string, FSWatcher>();
  let places: ReadonlyMap<string, Place> = new Map();
  /** Directories that lead to one that is not there, and to which. */
  let ways = new Map<string, Set<string>>();
  signal.addEventListener('abort', () => {
    for (const watcher of watchers.values()) watcher.close();
  });

  function listen(directory: string): boolean {
    if (watchers.has(directory)) return true;
    if (signal.aborted) return false;
    try {
      const watcher = watch(directory, { persistent: false }, (event, name) => hear(directory, event, name));
      watcher.on('error', () => drop(directory));
      watchers.set(directory, watcher);
      return true;
    } catch {
      return false; // It is not there yet, or too many are listening: then the sweep finds what changes.
    }
  }

  function drop(directory: string): void {
    watchers.get(directory)?.close();
    watchers.delete(directory);
  }

  function hear(directory: string, event: string, name: string | null): void {
    const place = places.get(directory) ?? [];
    // A directory speaks of itself by its own name: it was changed, or it is gone.
    const isSelf = name === null || name === basename(directory);
    if (isSelf && event === 'rename') {
      drop(directory);
      refresh();
    }
    for (const interest of place) if (isSelf || concerns(interest, directory, name)) onHit(interest);
    const leads = ways.get(directory);
    if (leads === undefined) return;
    const reached = [...leads].filter((path) => listen(path));
    for (const path of reached) for (const interest of places.get(path) ?? []) onHit(interest);
    refresh();
  }

  function refresh(): void {
    ways = new Map();
    for (const directory of places.keys()) {
      if (listen(directory)) continue;
      let parent = dirname(directory);
      while (parent !== '/' && !listen(parent)) parent = dirname(parent);
      listen(parent);
      ways.set(parent, (ways.get(parent) ?? new Set()).add(directory));
    }
    for (const directory of watchers.keys())
      if (!places.has(directory) && !ways.has(directory)) drop(directory);
  }

  return {
    follow(interests) {
      const next = new Map<string, Interest[]>();
      for (const interest of interests) {
        const directory = interest.within ?? dirname(interest.path);
        next.set(directory, [...(next.get(directory) ?? []), interest]);
      }
      places = next;
      refresh();
    },
    refresh,
  };
}

const concerns = (interest: Interest, directory: string, name: string): boolean =>
  interest.within === undefined
    ? interest.path === `${directory === '/' ? '' : directory}/${name}`
    : interest.matches(name);
