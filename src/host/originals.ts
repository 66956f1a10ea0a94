import { createHash } from 'node:crypto';
import { lstat, readFile, readlink, rename, rm, symlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { makeDirectories, removeFile, writeAtomic } from './atomic.ts';

/** Files as they were before Ballast first changed them, so that they can be given back. */
export interface Originals {
  /** Copies what is at a path, unless a copy is there already; nothing and what is no file are not copied. */
  readonly keep: (path: string) => Promise<void>;
  /** Puts the copy back and drops it. False when there is none. */
  readonly giveBack: (path: string) => Promise<boolean>;
}

type Original =
  | {
      readonly kind: 'file';
      readonly base64: string;
      readonly mode: number;
      readonly uid: number;
      readonly gid: number;
    }
  | { readonly kind: 'link'; readonly target: string };

export function createOriginals(stateDir: string): Originals {
  const placeOf = (path: string): string =>
    join(stateDir, 'originals', createHash('sha256').update(path).digest('hex').slice(0, 32));
  return {
    async keep(path) {
      const place = placeOf(path);
      if ((await lstat(place).catch(() => null)) !== null) return;
      const found = await read(path);
      // What others must not read there is in here too.
      if (found) await writeAtomic(place, JSON.stringify({ path, ...found }), { mode: 0o600 });
    },
    async giveBack(path) {
      const text = await readFile(placeOf(path), 'utf8').catch(() => null);
      if (text === null) return false;
      const original = JSON.parse(text) as Original;
      if (original.kind === 'link') await link(path, original.target);
      else await writeAtomic(path, Buffer.from(original.base64, 'base64'), original);
      await removeFile(placeOf(path));
      return true;
    },
  };
}

async function read(path: string): Promise<Original | undefined> {
  const stat = await lstat(path).catch(() => null);
  if (stat?.isSymbolicLink()) return { kind: 'link', target: await readlink(path) };
  if (!stat?.isFile()) return undefined;
  const { uid, gid } = stat;
  return {
    kind: 'file',
    base64: (await readFile(path)).toString('base64'),
    mode: stat.mode & 0o7777,
    uid,
    gid,
  };
}

/** A link that takes the place of whatever file is there, at once. */
export async function link(path: string, target: string): Promise<void> {
  const beside = join(dirname(path), `.${basename(path)}.ballast`);
  await makeDirectories(dirname(path));
  await rm(beside, { force: true });
  await symlink(target, beside);
  await rename(beside, path);
}
