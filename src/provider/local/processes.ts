import { readFileSync } from 'node:fs';

/** The child of nspawn that is process 1 of the machine; null before it is there. */
export function leaderOf(nspawn: number): number | null {
  for (const child of read(`/proc/${nspawn}/task/${nspawn}/children`).split(' ')) {
    if (child !== '' && isInit(read(`/proc/${child}/status`))) return Number(child);
  }
  return null;
}

/** Whether a process, by the text of its /proc/PID/status, is process 1 of a namespace other than this one. */
export function isInit(status: string): boolean {
  const ids = /^NSpid:\s*(.*)$/m.exec(status)?.[1]?.split(/\s+/) ?? [];
  return ids.length > 1 && ids.at(-1) === '1';
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return ''; // ended meanwhile
  }
}
