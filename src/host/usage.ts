import { readdir, readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

export interface UsageOptions {
  /** Names of containers, which are those of their units. */
  readonly containers: readonly string[];
  /** Where `/sys` and `/proc` are; another place in tests. */
  readonly root?: string;
  /** Time between the two looks that processor use follows from. */
  readonly pauseMs?: number;
}

export interface Usage {
  readonly cpus: number;
  readonly memoryBytes: number;
  readonly memoryLimitBytes: number | null;
  readonly pids: number;
}

/** The machine as a whole is under ''. Control groups that are not there are left out. */
export async function readUsage(options: UsageOptions): Promise<ReadonlyMap<string, Usage>> {
  const { containers, root = '', pauseMs = 250 } = options;
  const base = `${root}/sys/fs/cgroup`;
  const version = (await text(`${base}/cgroup.controllers`)) === '' ? one(base) : two(base);
  const groups = new Map<string, string>([['', '']]);
  for (const name of containers) {
    const payload = await payloadOf(version.folder, name);
    if (payload !== undefined) groups.set(name, payload);
  }
  const began = performance.now();
  const before = new Map<string, number>();
  for (const [name, group] of groups) before.set(name, await version.cpuSeconds(group));
  await sleep(pauseMs);
  const found = new Map<string, Usage>();
  for (const [name, group] of groups) {
    const seconds = (await version.cpuSeconds(group)) - (before.get(name) ?? 0);
    const elapsed = Math.max(0.001, (performance.now() - began) / 1_000);
    const usage = await version.read(group);
    if (usage !== undefined) found.set(name, { cpus: Math.max(0, seconds / elapsed), ...usage });
  }
  return found;
}

/** The container's own group below its unit's: beside it is only podman's monitor. */
async function payloadOf(folder: string, name: string): Promise<string | undefined> {
  const unit = `/system.slice/${name}.service`;
  const parts = await readdir(`${folder}${unit}`).catch(() => []);
  const payload = parts.find((part) => part.startsWith('libpod-payload-'));
  return payload === undefined ? undefined : `${unit}/${payload}`;
}

interface Version {
  /** Where a group's folder is that has its memory. */
  readonly folder: string;
  readonly cpuSeconds: (group: string) => Promise<number>;
  readonly read: (group: string) => Promise<Omit<Usage, 'cpus'> | undefined>;
}

const two = (base: string): Version => ({
  folder: base,
  cpuSeconds: async (group) =>
    Number(/^usage_usec (\d+)/m.exec(await text(`${base}${group}/cpu.stat`))?.[1] ?? 0) / 1e6,
  async read(group) {
    const used = number(await text(`${base}${group}/memory.current`));
    if (used === undefined) return undefined;
    const cached = /^inactive_file (\d+)/m.exec(await text(`${base}${group}/memory.stat`))?.[1];
    return {
      memoryBytes: Math.max(0, used - Number(cached ?? 0)),
      memoryLimitBytes: limit(await text(`${base}${group}/memory.max`)),
      pids: number(await text(`${base}${group}/pids.current`)) ?? 0,
    };
  },
});

const one = (base: string): Version => ({
  folder: `${base}/memory`,
  cpuSeconds: async (group) => (number(await text(`${base}/cpuacct${group}/cpuacct.usage`)) ?? 0) / 1e9,
  async read(group) {
    const used = number(await text(`${base}/memory${group}/memory.usage_in_bytes`));
    if (used === undefined) return undefined;
    const cached = /^total_inactive_file (\d+)/m.exec(await text(`${base}/memory${group}/memory.stat`))?.[1];
    return {
      memoryBytes: Math.max(0, used - Number(cached ?? 0)),
      memoryLimitBytes: limit(await text(`${base}/memory${group}/memory.limit_in_bytes`)),
      pids: number(await text(`${base}/pids${group}/pids.current`)) ?? 0,
    };
  },
});

/** Version 1 writes a number larger than any memory where there is no limit. */
function limit(written: string): number | null {
  const bytes = number(written);
  return bytes === undefined || bytes > 2 ** 60 ? null : bytes;
}

function number(written: string): number | undefined {
  const found = Number.parseInt(written, 10);
  return Number.isNaN(found) ? undefined : found;
}

const text = async (path: string): Promise<string> => await readFile(path, 'utf8').catch(() => '');
