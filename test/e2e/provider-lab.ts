import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '#host/exec.ts';
import { defaultDirs, type LocalOptions } from '#provider/local/fleet.ts';
import { createLocalProvider, type LocalProvider } from '#provider/local/local.ts';
import { fleetName, nspawnName } from '#provider/local/names.ts';

/** Never aborts: tests are bounded by their own time limit. */
export const patient = new AbortController().signal;
export const quiet = (): void => {};

/** A local provider whose supervisors run from source, so that its tests need no build. */
export function testFleet(
  fleet: string,
  network: string,
): { provider: LocalProvider; options: LocalOptions } {
  const options: LocalOptions = {
    fleet,
    ...defaultDirs(fleet),
    network,
    self: [process.execPath, join(import.meta.dirname, 'provider-supervisor.ts')],
  };
  return { provider: createLocalProvider(options), options };
}

/** Output of a command run inside a machine, without the line end. */
export async function inside(provider: LocalProvider, name: string, ...command: string[]): Promise<string> {
  return (
    await run([...(await provider.inside(name, patient)), ...command], { timeoutMs: 60_000 })
  ).trimEnd();
}

/** All that a fleet may leave on this computer: mounts, links, namespaces, routes, cgroups, processes and files. */
export async function tracesOf({ fleet, stateDir, network }: LocalOptions): Promise<string[]> {
  const name = fleetName(fleet);
  const first = network.replace(/\.0\/.*$/, '.1');
  const has = (text: string): boolean => text.includes(name) || text.includes(stateDir);
  const lines = (text: string): string[] => text.split('\n').filter(has);
  return [
    ...lines(readFileSync('/proc/self/mountinfo', 'utf8')),
    ...lines(await run(['ip', '-o', 'link'])),
    ...lines(await run(['ip', 'netns', 'list'])),
    ...(await run(['ip', 'route'])).split('\n').filter((line) => line.includes(network)),
    ...(await run(['find', '/sys/fs/cgroup', '-type', 'd', '-name', `${name}*`])).split('\n').filter(has),
    ...processes().filter(has),
    ...[
      stateDir,
      `/run/ballast/${name}`,
      `/run/netns/${name}`,
      `/run/systemd/nspawn/propagate/${nspawnName(first)}`,
    ].filter((path) => existsSync(path)),
  ];
}

function processes(): string[] {
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry) && entry !== String(process.pid))
    .flatMap((pid) => {
      try {
        return `${pid} ${readlinkSync(`/proc/${pid}/root`)} ${readFileSync(`/proc/${pid}/cmdline`, 'utf8')}`;
      } catch {
        return [];
      }
    });
}

/** The supervisor of a machine. */
export function supervisorPid({ stateDir }: LocalOptions, machine: string): number {
  const found = processes().find(
    (line) => line.includes('local-supervise') && line.includes(`${stateDir}/machines/${machine}\0`),
  );
  return Number(found?.split(' ')[0]);
}
