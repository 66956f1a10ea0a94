import { readFileSync } from 'node:fs';
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
