import { readFile, statfs } from 'node:fs/promises';
import type { Pressure } from '#converge/pressure.ts';

export interface PressureOptions {
  /** Memory of the machine, which may be less than that of the computer whose kernel it shares. */
  readonly memoryBytes: number;
  /** Where `/proc` and `/sys` are; another place in tests. */
  readonly root?: string;
  /** The disk that is looked at: the first of these places that exists. */
  readonly places?: readonly string[];
}

const storagePlaces = ['/var/lib/containers', '/var/lib', '/'];

/** What the machine has left of disk and memory. A few small files, no process. */
export async function readPressure(options: PressureOptions): Promise<Pressure> {
  const { root = '', places = storagePlaces } = options;
  return { disk: await readDisk(places), memory: await readMemory(options.memoryBytes, root) };
}

async function readDisk(places: readonly string[]): Promise<Pressure['disk']> {
  for (const path of places) {
    const found = await statfs(path).catch(() => undefined);
    if (found) return { path, freeBytes: found.bavail * found.bsize, totalBytes: found.blocks * found.bsize };
  }
  return { path: '/', freeBytes: Number.POSITIVE_INFINITY, totalBytes: Number.POSITIVE_INFINITY };
}

async function readMemory(memoryBytes: number, root: string): Promise<Pressure['memory']> {
  const meminfo = await text(`${root}/proc/meminfo`);
  const available = kibibytes(meminfo, 'MemAvailable') ?? Number.POSITIVE_INFINITY;
  const used = await ownUse(root);
  // A machine that shares its kernel runs short of its own share, and of what the computer has left.
  const free = Math.min(available, used === undefined ? available : Math.max(0, memoryBytes - used));
  const stalled = await stalledPercent(root);
  return {
    freeBytes: free,
    totalBytes: memoryBytes,
    ...(stalled === undefined ? {} : { stalledPercent: stalled }),
  };
}

/** Bytes that the machine's own control group holds and cannot give back; undefined when it is the whole computer. */
async function ownUse(root: string): Promise<number | undefined> {
  for (const { folder, use, cache } of [
    { folder: 'sys/fs/cgroup', use: 'memory.current', cache: /^(?:in)?active_file (\d+)$/gm },
    {
      folder: 'sys/fs/cgroup/memory',
      use: 'memory.usage_in_bytes',
      cache: /^total_(?:in)?active_file (\d+)$/gm,
    },
  ]) {
    const bytes = Number.parseInt(await text(`${root}/${folder}/${use}`), 10);
    if (Number.isNaN(bytes)) continue;
    const stat = await text(`${root}/${folder}/memory.stat`);
    return [...stat.matchAll(cache)].reduce((left, [, cached]) => left - Number(cached), bytes);
  }
  return undefined;
}

/** Of the machine's control group where it has one, else of the whole computer. */
async function stalledPercent(root: string): Promise<number | undefined> {
  for (const path of ['sys/fs/cgroup/memory.pressure', 'proc/pressure/memory']) {
    const found = /^full .*avg60=([\d.]+)/m.exec(await text(`${root}/${path}`))?.[1];
    if (found !== undefined) return Number(found);
  }
  return undefined;
}

function kibibytes(meminfo: string, name: string): number | undefined {
  const found = new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(meminfo)?.[1];
  return found === undefined ? undefined : Number(found) * 1024;
}

const text = async (path: string): Promise<string> => await readFile(path, 'utf8').catch(() => '');
