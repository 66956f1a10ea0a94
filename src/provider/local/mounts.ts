import { readFileSync, rmSync, statSync } from 'node:fs';
import { run } from '#host/exec.ts';

/** Mount points of a mount table, the text of /proc/self/mountinfo, innermost last. */
export function parseMountPoints(mountinfo: string): string[] {
  return mountinfo
    .split('\n')
    .flatMap((line) => line.split(' ')[4] ?? [])
    .map((path) =>
      path.replace(/\\(\d{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8))),
    );
}

const mountPoints = (): string[] => parseMountPoints(readFileSync('/proc/self/mountinfo', 'utf8'));

export const isMounted = (path: string): boolean => mountPoints().includes(path);

export const mountsUnder = (dir: string): string[] =>
  mountPoints().filter((path) => path === dir || path.startsWith(`${dir}/`));

export async function mountOverlay(at: string, options: string): Promise<void> {
  if (isMounted(at)) return;
  await run(['mount', '-t', 'overlay', 'overlay', '-o', options, at]);
}

/** Takes away every mount at or under a directory, the last made first. */
export async function unmountUnder(dir: string): Promise<void> {
  for (const path of mountsUnder(dir).reverse()) {
    // Lazily: a machine that was killed a moment ago may hold it while its last process is reaped.
    await run(['umount', '--lazy', path]).catch((error: unknown) => {
      if (isMounted(path)) throw error;
    });
  }
}

/**
 * Removes what nspawn leaves behind when it is killed, part of which it would not start over. To be called while the
 * machine's root is still mounted, if it is: one file is named after its inode.
 */
export async function clearAfterNspawn(name: string, root: string): Promise<void> {
  const state = '/run/systemd/nspawn';
  for (const dir of [`${state}/propagate/${name}`, `${state}/unix-export/${name}`]) {
    await unmountUnder(dir);
    rmSync(dir, { recursive: true, force: true });
  }
  if (!isMounted(root)) return;
  const { dev, ino } = statSync(root);
  rmSync(`${state}/locks/inode-${dev}:${ino}`, { force: true });
}
