import { createHash } from 'node:crypto';
import {
  copyFileSync,
  createReadStream,
  existsSync,
  linkSync,
  readdirSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { BallastError } from '#base/errors.ts';
import { privateFolder } from './private-file.ts';

/**
 * Executables for machines that come to fetch theirs. A document names one by its digest, so a server that is
 * replaced by a newer one keeps what documents that still count ask for.
 */
export interface Executables {
  /** Keeps the executable of today, and answers with its SHA-256. */
  readonly keep: () => Promise<string>;
  /** The file with that digest, when it is kept. */
  readonly place: (digest: string) => string | undefined;
  /** Forgets those that nobody asks for any more. */
  readonly tidy: (wanted: ReadonlySet<string>) => void;
}

/** `source` is the one executable of this server; undefined when it has none to give. */
export function createExecutables(dir: string, source: string | undefined): Executables {
  let known: { readonly stamp: string; readonly digest: string } | undefined;
  const placeOf = (digest: string): string => join(dir, digest);

  return {
    async keep() {
      const found = source === undefined ? undefined : await stat(source).catch(() => undefined);
      if (source === undefined || found === undefined) {
        throw new BallastError('not-supported', 'this server has no executable to give to machines', {
          why: 'it runs from its sources',
          fix: 'build it first: npm run build',
        });
      }
      const stamp = [found.dev, found.ino, found.size, found.mtimeMs].join(':');
      if (known?.stamp !== stamp) known = { stamp, digest: await digestOf(source) };
      const { digest } = known;
      if (existsSync(placeOf(digest))) return digest;
      await privateFolder(dir);
      const partial = `${placeOf(digest)}.partial`;
      rmSync(partial, { force: true });
      linkOrCopy(source, partial);
      renameSync(partial, placeOf(digest));
      return digest;
    },
    place: (digest) =>
      /^[0-9a-f]{64}$/.test(digest) && existsSync(placeOf(digest)) ? placeOf(digest) : undefined,
    tidy(wanted) {
      if (!existsSync(dir)) return;
      for (const name of readdirSync(dir))
        if (!wanted.has(name) && name !== known?.digest) rmSync(join(dir, name), { force: true });
    },
  };
}

/** Programs are replaced, not written to: another name for the same file keeps it as it is. */
function linkOrCopy(from: string, to: string): void {
  try {
    linkSync(from, to);
  } catch {
    copyFileSync(from, to);
  }
}

async function digestOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}
