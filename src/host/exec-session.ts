import { readdir, readFile } from 'node:fs/promises';

/**
 * A command that runs inside a container by `podman exec` lives on when podman is killed. It is found again by a
 * variable that podman hands on to the process which watches over it; nothing inside the container sees that.
 */
const markerName = 'LC_BALLAST_EXEC';

export const markedEnv = (marker: string): Readonly<Record<string, string>> => ({ [markerName]: marker });

/** Sends a signal to the marked command. Answers whether there was one. */
export async function signalMarked(marker: string, signal: NodeJS.Signals): Promise<boolean> {
  let found = false;
  for (const pid of await readdir('/proc').catch((): string[] => [])) {
    if (!/^\d+$/.test(pid)) continue;
    if ((await text(`/proc/${pid}/comm`)).trim() !== 'conmon') continue;
    if (!(await text(`/proc/${pid}/environ`)).split('\0').includes(`${markerName}=${marker}`)) continue;
    for (const child of (await text(`/proc/${pid}/task/${pid}/children`)).split(' ').filter(Boolean)) {
      found = send(Number(child), signal) || found;
    }
  }
  return found;
}

function send(pid: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, signal);
  } catch {
    return false; // It has ended meanwhile.
  }
}

const text = async (path: string): Promise<string> => await readFile(path, 'utf8').catch(() => '');
