import { mkdir, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { run } from '#host/exec.ts';

/** Where images are built and kept between builds, apart from those of podman and buildah's users. */
export interface BuildStorage {
  /** Everything that may be thrown away at the price of time. */
  readonly root: string;
  /** What does not outlive a reboot. */
  readonly runRoot: string;
  readonly lock: string;
  readonly tmp: string;
}

const dayMs = 24 * 3_600_000;
/** Longer than any build may take. */
const staleMs = 3 * 3_600_000;

/** `$XDG_CACHE_HOME/ballast`, or what the user's home has for it. */
export function cacheDir(): string {
  return join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'ballast');
}

/** The storage under a cache directory. Makes nothing. */
export function buildStorage(cache: string = cacheDir()): BuildStorage {
  const home = join(cache, 'buildah');
  const run = process.env['XDG_RUNTIME_DIR'] || '/run';
  return {
    root: join(home, 'storage'),
    // Mount counts live here: kept over a reboot they would speak of mounts that are gone.
    runRoot: join(run, 'ballast', 'buildah', home.replaceAll('/', '-').slice(1)),
    lock: join(home, 'lock'),
    tmp: join(home, 'tmp'),
  };
}

/**
 * A buildah command on this storage. It runs in process and mount namespaces of its own when it may: one kill then
 * takes every process of a RUN instruction along and no mount stays behind. The lock is shared by all that use the
 * storage, so that `sweep` can tell that nobody does.
 */
export function buildahArgv(storage: BuildStorage, args: readonly string[], root: boolean): string[] {
  const own = root ? ['unshare', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc'] : [];
  return ['flock', '--shared', '--no-fork', storage.lock, ...own, ...plainArgv(storage, args)];
}

/** Images in the storage: id by name. Names without a tag or with several each count. */
export async function localImages(
  storage: BuildStorage,
  signal?: AbortSignal,
): Promise<ReadonlyMap<string, string>> {
  await prepareStorage(storage);
  const argv = buildahArgv(storage, ['images', '--json', '--no-trunc'], isRoot());
  const text = await run(argv, { env: buildahEnv(storage), ...(signal ? { signal } : {}) });
  const images = JSON.parse(text) as readonly { id: string; names?: readonly string[] | null }[] | null;
  return new Map((images ?? []).flatMap(({ id, names }) => (names ?? []).map((name) => [name, plainId(id)])));
}

/** Makes the directories, and removes from the temporary one what runs that were killed have left. */
export async function prepareStorage({ tmp }: BuildStorage): Promise<void> {
  await mkdir(tmp, { recursive: true, mode: 0o700 });
  for (const name of await readdir(tmp)) {
    const path = join(tmp, name);
    const { mtimeMs = Date.now() } = (await stat(path).catch(() => undefined)) ?? {};
    if (Date.now() - mtimeMs > staleMs) await rm(path, { recursive: true, force: true });
  }
}

/** Removes what interrupted builds left, unless someone is building. Never fails: it only saves room. */
export async function sweep(storage: BuildStorage): Promise<void> {
  await alone(storage, ['rm', '--all']);
}

/**
 * Once a day, removes the layers that no image of today is made of, unless someone is building. Those of the newest
 * build of each service stay, for the next one to start from.
 */
export async function trim(storage: BuildStorage): Promise<void> {
  const mark = join(storage.tmp, '..', 'trimmed');
  const { mtimeMs = 0 } = (await stat(mark).catch(() => undefined)) ?? {};
  if (Date.now() - mtimeMs < dayMs) return;
  await writeFile(mark, `${Date.now()}\n`);
  // The first time there is nothing old yet.
  if (mtimeMs > 0) await alone(storage, ['rmi', '--prune']);
}

async function alone(storage: BuildStorage, args: readonly string[]): Promise<void> {
  const argv = ['flock', '--exclusive', '--nonblock', '--no-fork', storage.lock];
  await run([...argv, ...plainArgv(storage, args)], { env: buildahEnv(storage) }).catch(() => {});
}

export const buildahEnv = ({ tmp }: BuildStorage): Record<string, string> => ({ TMPDIR: tmp });

export const isRoot = (): boolean => process.getuid?.() === 0;

export const plainId = (id: string): string => id.trim().replace(/^sha256:/, '');

function plainArgv({ root, runRoot }: BuildStorage, args: readonly string[]): string[] {
  const driver = ['--storage-driver', 'overlay', '--storage-opt', 'overlay.skip_mount_home=true'];
  return ['buildah', '--root', root, '--runroot', runRoot, ...driver, ...args];
}
