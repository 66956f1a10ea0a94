import { chmod, constants, mkdir, open, rename, rm, statfs } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { BallastError } from '#base/errors.ts';

export interface FileLook {
  readonly mode: number;
  readonly uid?: number;
  readonly gid?: number;
}

/**
 * Puts a file in place whole or not at all, also when the power goes: written beside its place, synced, renamed.
 * Missing parent directories are made. The side file has a fixed name, so that a crash leaves at most one. `check` is
 * given its path and throws when it must not take the place of what is there.
 */
export async function writeAtomic(
  path: string,
  content: string | Uint8Array,
  look: FileLook,
  check: (beside: string) => Promise<void> = async () => {},
): Promise<void> {
  const directory = dirname(path);
  const beside = join(directory, `.${basename(path)}.ballast`);
  try {
    await makeDirectories(directory);
    // A side file left by a crash may belong to someone else or be a link: never write through it.
    await rm(beside, { force: true });
    const file = await open(beside, 'wx', 0o600);
    try {
      await file.writeFile(content);
      if (look.uid !== undefined && look.gid !== undefined) await file.chown(look.uid, look.gid);
      await file.chmod(look.mode);
      await file.sync();
    } finally {
      await file.close();
    }
    await check(beside);
    await rename(beside, path);
    await syncDirectory(directory);
  } catch (cause) {
    await rm(beside, { force: true }).catch(() => {});
    throw await fileFailure(path, cause);
  }
}

/** Makes a directory and those above it that are missing: open to all whatever the umask; a manifest says what is not. */
export async function makeDirectories(path: string): Promise<void> {
  const first = await mkdir(path, { recursive: true });
  if (first === undefined) return;
  for (let made = path; made.length >= first.length; made = dirname(made)) await chmod(made, 0o755);
}

/** Makes a rename or removal in a directory outlive a power cut. */
export async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

/** Removes a file; absent is fine. */
export async function removeFile(path: string): Promise<void> {
  try {
    await rm(path, { force: true });
    await syncDirectory(dirname(path));
  } catch (cause) {
    if (['ENOENT', 'ENOTDIR'].includes(codeOf(cause) ?? '')) return;
    throw await fileFailure(path, cause);
  }
}

/** An operating error out of a failed file operation; a full disk is called so, with what is left of it. */
export async function fileFailure(path: string, cause: unknown): Promise<BallastError> {
  if (cause instanceof BallastError) return cause;
  const code = codeOf(cause);
  if (code === 'ENOSPC' || code === 'EDQUOT') return await noSpace(path, cause);
  if (code === 'ENOTDIR' || code === 'EEXIST') {
    return new BallastError('conflict', `${path} could not be written`, {
      why: 'a directory on its way is a file',
      fix: 'move that file away on the machine',
      cause,
    });
  }
  const why = cause instanceof Error ? cause.message : String(cause);
  return new BallastError('command-failed', `${path} could not be written`, { why, cause });
}

/** The error of a full disk: which place, and how much it has left. */
export async function noSpace(path: string, cause?: unknown): Promise<BallastError> {
  return new BallastError(
    'command-failed',
    `no space left on the disk of ${path} (${await freeMiB(path)} MiB free)`,
    {
      fix: 'free space on the machine: `podman image prune -a` there removes unused images',
      cause,
    },
  );
}

/** Free space at a path or at the nearest directory above it that exists, in MiB. */
async function freeMiB(path: string): Promise<string> {
  for (let at = path; ; at = dirname(at)) {
    try {
      const { bavail, bsize } = await statfs(at);
      return String(Math.floor((bavail * bsize) / 1024 ** 2));
    } catch {
      if (at === dirname(at)) return '?';
    }
  }
}

/** Mode and owner of a directory that is there already. A link in its place is not followed: it may lead anywhere. */
export async function setLook(path: string, look: FileLook): Promise<void> {
  const directory = await open(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  try {
    if (look.uid !== undefined && look.gid !== undefined) await directory.chown(look.uid, look.gid);
    await directory.chmod(look.mode);
  } finally {
    await directory.close();
  }
}

export const codeOf = (cause: unknown): string | undefined =>
  cause instanceof Error && 'code' in cause ? String(cause.code) : undefined;
