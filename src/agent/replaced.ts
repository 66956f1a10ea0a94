import { statSync, watch } from 'node:fs';
import { basename, dirname } from 'node:path';

/**
 * Resolves when another file takes the place of the one at `path`, or when the signal aborts. True: it was replaced,
 * and is there completely, since files are put in place by renaming.
 */
export function replaced(path: string, signal: AbortSignal): Promise<boolean> {
  const inode = (): bigint | undefined => statSync(path, { bigint: true, throwIfNoEntry: false })?.ino;
  const first = inode();
  return new Promise((resolve) => {
    if (signal.aborted) return resolve(false);
    const watcher = watch(dirname(path), (_event, name) => {
      const now = name === null || name === basename(path) ? inode() : first;
      if (now !== undefined && now !== first) end(true);
    });
    const end = (was: boolean): void => {
      watcher.close();
      signal.removeEventListener('abort', stopped);
      resolve(was);
    };
    const stopped = (): void => end(false);
    signal.addEventListener('abort', stopped);
    // Where nothing can be watched the new program runs from the next start on.
    watcher.on('error', stopped);
  });
}
