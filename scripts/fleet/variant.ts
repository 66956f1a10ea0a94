import { cpSync, existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { digestOf } from '#base/digest.ts';
import { run } from '#host/exec.ts';
import { ensureBase } from '#provider/local/base-image.ts';
import { baseDigest } from '#provider/local/base-recipe.ts';
import { cache } from './places.ts';

const limitMs = 400_000;

/**
 * A cache directory whose base image is the usual one with more packages of Debian's installed: made once, and again
 * when the base or the packages change.
 */
export async function ensureVariant(name: string, packages: readonly string[]): Promise<string> {
  const base = await ensureBase(cache, () => {}, AbortSignal.timeout(limitMs));
  const dir = join(cache, `variant-${name}`);
  const root = join(dir, `base-${baseDigest}`);
  const mark = join(dir, digestOf([baseDigest, packages]));
  if (existsSync(mark) && existsSync(root)) return dir;
  rmSync(dir, { recursive: true, force: true });
  mkdirSync(dir, { recursive: true });
  const partial = join(dir, 'partial');
  await run(['cp', '-a', '--reflink=auto', base, partial], { timeoutMs: 300_000 });
  const resolver = join(partial, 'run/systemd/resolve');
  mkdirSync(resolver, { recursive: true });
  cpSync('/etc/resolv.conf', join(resolver, 'stub-resolv.conf'), { dereference: true });
  // Nothing starts while packages are installed.
  writeFileSync(join(partial, 'usr/sbin/policy-rc.d'), '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  await run(
    [
      'unshare',
      '--mount',
      '--pid',
      '--fork',
      '--kill-child',
      '--',
      'sh',
      '-c',
      script,
      'sh',
      partial,
      ...packages,
    ],
    { timeoutMs: limitMs, env: { DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C.UTF-8' } },
  );
  for (const left of ['usr/sbin/policy-rc.d', 'run/systemd', 'etc/machine-id']) {
    rmSync(join(partial, left), { recursive: true, force: true });
  }
  writeFileSync(join(partial, 'etc/machine-id'), '');
  renameSync(partial, root);
  writeFileSync(mark, '');
  return dir;
}

/** The root of a variant, for those who make an image of it. */
export const variantRoot = (dir: string): string => join(dir, `base-${baseDigest}`);

const script = `set -e
root=$1; shift
mount -t proc proc "$root/proc"
mount -t tmpfs tmpfs "$root/tmp"
chroot "$root" apt-get update -q
chroot "$root" apt-get install -q -y --no-install-recommends -o Dpkg::Options::=--force-unsafe-io "$@"
chroot "$root" apt-get clean`;
