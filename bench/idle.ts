import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { run } from '#host/exec.ts';
import type { LocalFleet } from '#scripts/fleet/fleet.ts';

/** How long machines are left alone first. */
const restMs = 20_000;
/** How long rest is watched: an agent looks at everything once in half a minute, and that is to be in it. */
const watchMs = 30_000;
/** Clock ticks per second, in which the kernel counts CPU time for processes. */
const ticks = 100;

/** Of each machine. `…WithChildren`: with the programs that the agent has listen for it. */
export interface Resting {
  readonly agentMiB: number[];
  readonly agentPssMiB: number[];
  readonly pssWithChildrenMiB: number[];
  /** In % of a core, with the children that it waited for. */
  readonly agentCpu: number[];
  readonly cpuWithChildren: number[];
  readonly serverMiB: number[];
}

interface Look {
  readonly own: number;
  readonly all: number;
}

/** Memory of server and agents, and the agents' CPU, while nothing happens. */
export async function idle(fleet: LocalFleet, serverPid: number, signal: AbortSignal): Promise<Resting> {
  const machines = (await fleet.provider.list(signal)).map(({ name }) => name);
  const shell = async (machine: string, line: string): Promise<string> =>
    await run([...(await fleet.provider.inside(machine, signal)), 'sh', '-c', line], { signal });
  const each = async <T>(look: (machine: string) => Promise<T>): Promise<T[]> =>
    await Promise.all(machines.map(look));
  const cpu = async (machine: string): Promise<Look> => {
    const [own = 0, ...children] = (await shell(machine, `for pid in ${pids}; do cat /proc/$pid/stat; done`))
      .trim()
      .split('\n')
      .map(ticksOf);
    return { own, all: children.reduce((sum, one) => sum + one, own) };
  };
  await sleep(restMs, undefined, { signal });
  const before = await each(cpu);
  const began = performance.now();
  await sleep(watchMs, undefined, { signal });
  const after = await each(cpu);
  const seconds = (performance.now() - began) / 1000;
  const share = (of: keyof Look): number[] =>
    after.map((end, n) => ((end[of] - (before[n]?.[of] ?? 0)) / ticks / seconds) * 100);
  const sizes = await each(
    async (machine) => await shell(machine, `for pid in ${pids}; do cat /proc/$pid/smaps_rollup; done`),
  );
  return {
    agentMiB: sizes.map((text) => sizesOf(text, 'Rss')[0] ?? Number.NaN),
    agentPssMiB: sizes.map((text) => sizesOf(text, 'Pss')[0] ?? Number.NaN),
    pssWithChildrenMiB: sizes.map((text) => sizesOf(text, 'Pss').reduce((sum, one) => sum + one, 0)),
    agentCpu: share('own'),
    cpuWithChildren: share('all'),
    serverMiB: sizesOf(await readFile(`/proc/${serverPid}/smaps_rollup`, 'utf8'), 'Rss'),
  };
}

/** The agent first, then what it has started. */
const pids = '$(p=$(systemctl show -P MainPID ballast-agent); echo $p; cat /proc/$p/task/*/children)';

/** CPU time of a process and of those it waited for. */
function ticksOf(stat: string): number {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields.slice(11, 15).reduce((sum, one) => sum + Number(one), 0);
}

const sizesOf = (smaps: string, key: 'Rss' | 'Pss'): number[] =>
  [...smaps.matchAll(new RegExp(`^${key}:\\s+(\\d+)`, 'gm'))].map(
    ([, kilobytes]) => Number(kilobytes) / 1024,
  );
