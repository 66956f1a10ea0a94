import { readdir, readFile, readlink } from 'node:fs/promises';

/** Who has a file open, as `385 (dpkg)`: of a lock file that is who holds it, or waits for it. Undefined: nobody. */
export async function holderOf(path: string): Promise<string | undefined> {
  const processes = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  for (const pid of processes) {
    if (!(await hasOpen(pid, path))) continue;
    const name = (await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => '')).trim();
    return name === '' ? pid : `${pid} (${name})`;
  }
  return undefined;
}

async function hasOpen(pid: string, path: string): Promise<boolean> {
  // A process may end while it is looked at.
  const open = await readdir(`/proc/${pid}/fd`).catch(() => []);
  for (const fd of open) {
    const target = await readlink(`/proc/${pid}/fd/${fd}`).catch(() => '');
    if (target === path) return true;
  }
  return false;
}
