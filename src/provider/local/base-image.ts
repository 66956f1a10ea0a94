import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '#host/exec.ts';
import type { Progress } from '#provider/port.ts';
import { baseDigest, baseFiles, disabledUnits, identityPaths, installArgv } from './base-recipe.ts';
import { withLock } from './lock.ts';
import { writeFiles } from './seed.ts';

const buildTimeoutMs = 20 * 60_000;

/**
 * The directory of the base, built if it is not there. Whoever comes while it is built waits for it. It appears
 * under its name only when it is complete; what an interrupted build left is removed by the next.
 */
export async function ensureBase(cacheDir: string, progress: Progress, signal: AbortSignal): Promise<string> {
  const path = join(cacheDir, `base-${baseDigest}`);
  if (existsSync(path)) return path;
  return await withLock(`base ${cacheDir}`, signal, async () => {
    if (existsSync(path)) return path;
    mkdirSync(cacheDir, { recursive: true, mode: 0o755 });
    for (const left of readdirSync(cacheDir).filter((name) => name.endsWith('.partial'))) {
      await run(['rm', '-rf', '--one-file-system', join(cacheDir, left)], { signal });
    }
    const partial = `${path}.partial`;
    progress('building the base image of local machines, once; this takes a minute or two');
    await run(installArgv(partial), {
      signal,
      timeoutMs: buildTimeoutMs,
      env: { LC_ALL: 'C.UTF-8', DEBIAN_FRONTEND: 'noninteractive' },
      onLine: (line) => {
        const step = /^I: (.*?)\.*$/.exec(line)?.[1];
        if (step) progress(`base image: ${step}`);
      },
    });
    configure(partial);
    renameSync(partial, path);
    return path;
  });
}

/** Makes the installed tree the one that all machines share: no identity, only wanted units, common settings. */
function configure(root: string): void {
  for (const path of identityPaths) rmSync(join(root, path), { force: true });
  // Present and empty, as images have it: a machine gets its own before its first boot.
  writeFileSync(join(root, 'etc/machine-id'), '');
  for (const name of readdirSync(join(root, 'etc/ssh'))) {
    if (name.startsWith('ssh_host_')) rmSync(join(root, 'etc/ssh', name));
  }
  const units = join(root, 'etc/systemd/system');
  for (const dir of readdirSync(units).filter((name) => /\.(wants|requires|upholds)$/.test(name))) {
    for (const unit of readdirSync(join(units, dir))) {
      if (disabledUnits.includes(unit)) rmSync(join(units, dir, unit));
    }
  }
  writeFiles(root, baseFiles);
}
