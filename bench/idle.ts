import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { run } from '#host/exec.ts';
import type { LocalFleet } from '#scripts/fleet/fleet.ts';

/** How long rest is watched, after as long to come to rest. */
const watchMs = 20_000;
/** Clock ticks per second, in which the kernel counts CPU time for processes. */
const ticks = 100;

/** Memory of server and agents in MiB, and the agents' CPU in % of a core, while nothing happens. */
export async function idle(
  fleet: LocalFleet,
  serverPid: number,
  signal: AbortSignal,
): Promise<{ readonly agentMiB: number[]; readonly agentCpu: number[]; readonly serverMiB: number[] }> {
  const machines = (await fleet.provider.list(signal)).map(({ name }) => name);
  const inside = async (machine: string, ...argv: string[]): Promise<string> =>
    run([...(await fleet.provider.inside(machine, signal)), ...argv], { signal });
  const pids = new Map<string, string>();
  for (const machine of machines) {
    const pid = await inside(machine, 'systemctl', 'show', 'ballast-agent', '--property=MainPID', '--value');
    pids.set(machine, pid.trim());
  }
  const cpu = async (): Promise<number[]> => {
    const stats = await Promise.all(
      [...pids].map(([machine, pid]) => inside(machine, 'cat', `/proc/${pid}/stat`)),
    );
    return stats.map((stat) => {
      // Own time and that of the processes it waited for.
      const fields = stat
        .slice(stat.lastIndexOf(')') + 2)
        .split(' ')
        .map(Number);
      return fields.slice(11, 15).reduce((sum, one) => sum + one, 0);
    });
  };
  await sleep(watchMs, undefined, { signal });
  const before = await cpu();
  await sleep(watchMs, undefined, { signal });
  const after = await cpu();
  const rss = await Promise.all(
    [...pids].map(async ([machine, pid]) => rssMiB(await inside(machine, 'cat', `/proc/${pid}/status`))),
  );
  return {
    agentMiB: rss,
    agentCpu: after.map((end, n) => ((end - (before[n] ?? 0)) / ticks / (watchMs / 1000)) * 100),
    serverMiB: [rssMiB(await readFile(`/proc/${serverPid}/status`, 'utf8'))],
  };
}

const rssMiB = (status: string): number => Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1] ?? Number.NaN) / 1024;
