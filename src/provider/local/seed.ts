import { createHash, randomBytes } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  constants,
  copyFileSync,
  linkSync,
  lstatSync,
  mkdirSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { must } from '#base/assert.ts';
import { BallastError } from '#base/errors.ts';
import type { SeedFile } from '#provider/port.ts';

/**
 * Writes files into a tree that is a machine's root. Each appears whole or not at all. Directories that are missing
 * are made as they are in `like`, if they are there. Never follows a symbolic link: inside a machine it may point
 * anywhere, and here it would be followed from this computer's root.
 */
export function writeFiles(root: string, files: readonly SeedFile[], like?: string): void {
  for (const file of files) {
    const parts = file.path.split('/').filter((part) => part !== '');
    if (!file.path.startsWith('/') || parts.includes('..') || parts.length === 0) {
      throw new BallastError('usage', `${file.path} is no path inside a machine`);
    }
    const name = must(parts.pop(), 'file name');
    const dir = makeDirectories(root, parts, like);
    writeOne(join(dir, `.${name}.new`), join(dir, name), file);
  }
}

function writeOne(fresh: string, path: string, { mode, content, copyOf, linkTo }: SeedFile): void {
  rmSync(fresh, { force: true });
  if (linkTo !== undefined) {
    symlinkSync(linkTo, fresh);
  } else {
    if (copyOf !== undefined) copyFileSync(copyOf, fresh, constants.COPYFILE_FICLONE);
    else writeFileSync(fresh, content ?? '', { mode: 0o600 });
    chmodSync(fresh, mode);
  }
  renameSync(fresh, path);
}

/**
 * Writes one file as the only one of a tree that nothing ever changes, as another name of the file it is a copy of
 * where that is possible: nothing is copied then, and memory holds it once. Programs are replaced, not written to;
 * should one be written to all the same, what uses the tree sees it.
 */
export function writeShared(root: string, file: SeedFile, like: string): void {
  const { copyOf = '', mode, path } = file;
  const found = statSync(copyOf);
  if ((found.mode & 0o7777) === mode && found.uid === 0) {
    const at = join(makeDirectories(root, dirname(path).split('/').slice(1), like), basename(path));
    try {
      linkSync(realpathSync(copyOf), at);
      return;
    } catch {
      // It is on another file system.
    }
  }
  writeFiles(root, [file], like);
}

function makeDirectories(root: string, parts: readonly string[], like?: string): string {
  let path = root;
  let model = like;
  for (const part of parts) {
    path = join(path, part);
    model = model && join(model, part);
    const found = lstatSync(path, { throwIfNoEntry: false });
    if (found?.isDirectory()) continue;
    if (found) {
      throw new BallastError('usage', `${path} is no directory`, {
        why: 'a file that is to be there at first boot has it in its path',
        fix: 'name the file by its real path, without symbolic links',
      });
    }
    const as = model === undefined ? undefined : statSync(model, { throwIfNoEntry: false });
    mkdirSync(path);
    chmodSync(path, as ? as.mode & 0o7777 : 0o755);
    if (as) chownSync(path, as.uid, as.gid);
  }
  return path;
}

/** Stands for the files: two seeds with equal digests write the same. */
export function seedDigest(files: readonly SeedFile[]): string {
  const hash = createHash('sha256');
  for (const file of files) {
    hash.update(JSON.stringify([file.path, file.mode, file.content ?? null, file.linkTo ?? null]));
    if (file.copyOf !== undefined) hash.update(fileStamp(file.copyOf));
  }
  return hash.digest('hex').slice(0, 16);
}

/** Stands for a file's content without reading it. */
export function fileStamp(path: string): string {
  const { dev, ino, size, mtimeMs } = statSync(path);
  return [dev, ino, size, mtimeMs].join(':');
}

export interface Identity {
  readonly name: string;
  readonly address: string;
  readonly bits: number;
  readonly size: { readonly cpus?: number; readonly memoryBytes?: number };
}

/** What makes a machine itself: its name, its own id and its address. */
export function identityFiles({ name, address, bits, size }: Identity): SeedFile[] {
  return [
    { path: '/etc/machine-id', mode: 0o444, content: `${randomBytes(16).toString('hex')}\n` },
    { path: '/etc/hostname', mode: 0o644, content: `${name}\n` },
    { path: '/etc/hosts', mode: 0o644, content: `127.0.0.1 localhost\n127.0.1.1 ${name}\n::1 localhost\n` },
    {
      path: '/etc/systemd/network/10-host0.network',
      mode: 0o644,
      content: [
        '[Match]',
        'Name=host0',
        '[Network]',
        `Address=${address}/${bits}`,
        'LinkLocalAddressing=no',
        'IPv6AcceptRA=no',
        '',
      ].join('\n'),
    },
    sizeFile(size),
  ];
}

/**
 * How big a machine is, where its agent finds it: /proc of a machine of this kind shows the whole computer, though
 * its cgroups hold it to its size.
 */
export const sizeFile = (size: Identity['size']): SeedFile => ({
  path: '/etc/ballast/size.json',
  mode: 0o644,
  content: `${JSON.stringify(size)}\n`,
});
