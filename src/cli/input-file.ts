import { closeSync, openSync, readSync } from 'node:fs';
import { BallastError } from '#base/errors.ts';

/** More than any file that a person writes, and little enough to be read and judged in seconds. */
const mostBytes = 8 * 1024 * 1024;
const chunkBytes = 64 * 1024;

/**
 * All text of a file, or of standard input as file descriptor 0. Throws what the system says when it cannot be read,
 * and `bad-file` when it is no text, or so long that nobody can have meant it: a device that never ends is read no
 * further than that.
 */
export function readText(file: string | number): string {
  const opened = typeof file === 'number' ? file : openSync(file, 'r');
  const name = typeof file === 'number' ? 'standard input' : file;
  try {
    const parts: Buffer[] = [];
    for (let size = 0; ; ) {
      const part = Buffer.alloc(chunkBytes);
      const count = readPart(opened, part);
      if (count === 0) return Buffer.concat(parts).toString('utf8');
      size += count;
      parts.push(part.subarray(0, count));
      if (part.subarray(0, count).includes(0)) {
        const why = 'it holds bytes that no text has';
        throw new BallastError('bad-file', `${name} is no text file`, { why, fix: 'name another file' });
      }
      if (size > mostBytes) {
        throw new BallastError('bad-file', `${name} is too long`, {
          why: `files of more than ${mostBytes / 1024 / 1024} MiB are not read`,
          fix: 'name another file, or put large contents into an image or a volume',
        });
      }
    }
  } finally {
    if (typeof file !== 'number') closeSync(opened);
  }
}

function readPart(opened: number, part: Buffer): number {
  try {
    return readSync(opened, part);
  } catch (error) {
    // The end of standard input, on systems that tell it so.
    if ((error as NodeJS.ErrnoException).code === 'EOF') return 0;
    throw error;
  }
}
