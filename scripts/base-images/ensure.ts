import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readlink, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { must } from '#base/assert.ts';
import { BallastError } from '#base/errors.ts';
import { run } from '#host/exec.ts';
import { ensureHostTools } from '#host/host-tools.ts';
import { inTurn } from '#host/images/bounded.ts';
import {
  type BuildStorage,
  buildahArgv,
  buildahEnv,
  buildStorage,
  cacheDir,
  isRoot,
  localImages,
  plainId,
  prepareStorage,
} from '#host/images/storage.ts';
import { withLock } from '#provider/local/lock.ts';
import { type BaseImageName, imageName, recipeDigest, recipeOf } from './recipes.ts';

export interface EnsureOptions {
  readonly signal?: AbortSignal;
  readonly cache?: string;
}

const buildTimeoutMs = 20 * 60_000;

/**
 * Makes sure that base images are in the build storage, as `localhost/ballast/<name>`: takes them from there, else
 * from archives in the cache directory, else builds them from Debian's packages. Who comes while they are built
 * waits. `progress` is told what is done, once a step; nothing when all are there.
 */
export async function ensureBaseImages(
  names: readonly BaseImageName[],
  progress: (what: string) => void,
  options: EnsureOptions = {},
): Promise<void> {
  const { cache = cacheDir(), signal = new AbortController().signal } = options;
  const storage = buildStorage(cache);
  await ensureHostTools(['buildah', 'mmdebstrap', 'unshare'], progress, signal);
  if ((await missing(names, storage, signal)).length === 0) return;
  if (!isRoot()) {
    throw new BallastError('not-supported', 'base images can only be built by root', {
      why: 'they are installed from packages, whose files have owners',
      fix: 'run it as root',
    });
  }
  await withLock(`base images ${cache}`, signal, async () => {
    const ctx: Context = { storage, archives: join(cache, 'images'), progress, signal };
    await mkdir(ctx.archives, { recursive: true });
    await prepareStorage(storage);
    const wanted = await missing(names, storage, signal);
    const parents = new Set(wanted.flatMap((name) => recipeOf(name).from ?? []));
    for (const name of await missing([...parents], storage, signal)) await ensureOne(ctx, name);
    const rest = wanted.filter((name) => !parents.has(name));
    await inTurn(rest, 2, async (name) => await ensureOne(ctx, name));
  });
}

interface Context {
  readonly storage: BuildStorage;
  readonly archives: string;
  readonly progress: (what: string) => void;
  readonly signal: AbortSignal;
}

/** A second tag names the recipe, so that an image of an older one is seen as such. */
const recipeTag = (name: BaseImageName): string => `${imageName(name)}-${recipeDigest(name)}`;

async function missing(
  names: readonly BaseImageName[],
  storage: BuildStorage,
  signal: AbortSignal,
): Promise<BaseImageName[]> {
  const images = await localImages(storage, signal);
  return names.filter((name) => {
    const id = images.get(imageName(name));
    return id === undefined || id !== images.get(recipeTag(name));
  });
}

async function ensureOne(ctx: Context, name: BaseImageName): Promise<void> {
  const { archives, progress } = ctx;
  // The archive has the image's id for a name, so that a push of what is built on it finds it.
  const link = join(archives, `${name.replace(':', '-')}-${recipeDigest(name)}`);
  const archive = await readlink(link).catch(() => undefined);
  if (archive !== undefined && existsSync(join(archives, archive))) {
    progress(`loading the base image ${name}`);
    const id = await buildah(ctx, ['pull', '--quiet', `oci-archive:${join(archives, archive)}`]);
    await buildah(ctx, ['tag', id.trim(), imageName(name), recipeTag(name)]);
    await rename(join(archives, archive), join(archives, `${plainId(id)}.tar`));
    await pointTo(link, `${plainId(id)}.tar`);
    return;
  }
  progress(`building the base image ${name} from Debian's packages, once`);
  await build(ctx, name);
  const id = must((await localImages(ctx.storage, ctx.signal)).get(recipeTag(name)), recipeTag(name));
  const partial = join(archives, `${id}.${process.pid}.partial`);
  await buildah(ctx, ['push', '--quiet', id, `oci-archive:${partial}`]);
  await rename(partial, join(archives, `${id}.tar`));
  await pointTo(link, `${id}.tar`);
}

async function pointTo(link: string, target: string): Promise<void> {
  await rm(link, { force: true });
  await symlink(target, link);
}

async function build(ctx: Context, name: BaseImageName): Promise<void> {
  const { storage, signal } = ctx;
  const recipe = recipeOf(name);
  const context = await mkdtemp(join(storage.tmp, 'base-'));
  try {
    await writeFile(join(context, 'Containerfile'), recipe.containerfile);
    if (recipe.mmdebstrap) {
      // In namespaces of its own, so that an interrupted run leaves neither processes nor mounts.
      const contained = ['unshare', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc', '--'];
      const tool = ['mmdebstrap', '--quiet', '--mode=root', ...recipe.mmdebstrap, join(context, 'base.tar')];
      const env = { TMPDIR: storage.tmp, LC_ALL: 'C.UTF-8' };
      await run([...contained, ...tool], { signal, timeoutMs: buildTimeoutMs, env });
    }
    const tags = [imageName(name), recipeTag(name)].map((tag) => `--tag=${tag}`);
    const options = ['--quiet', '--isolation=chroot', '--format=docker', '--pull=never'];
    await buildah(ctx, ['build', ...options, ...tags, context]);
  } finally {
    await rm(context, { recursive: true, force: true });
  }
}

async function buildah({ storage, signal }: Context, args: readonly string[]): Promise<string> {
  const options = { signal, timeoutMs: buildTimeoutMs, env: buildahEnv(storage) };
  return await run(buildahArgv(storage, args, isRoot()), options);
}
