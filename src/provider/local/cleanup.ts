import { existsSync, readdirSync, rmdirSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { exec, run } from '#host/exec.ts';
import { hasSystemd, removeFleetCgroups } from './cgroup.ts';
import { layersIn } from './layers.ts';
import type { LocalOptions } from './local.ts';
import { unmountUnder } from './mounts.ts';
import { fleetName, runDirOf } from './names.ts';
import { type LocalNetwork, networkDown } from './network.ts';
import { machineNames, machinesIn } from './record.ts';

/**
 * Removes every trace of a fleet: machines, supervisors, cgroups, mounts, network and files. It trusts no record, so
 * it works after any crash, and again after itself was cut short. The base image stays: other fleets may use it.
 */
export async function removeAll(
  options: LocalOptions,
  network: LocalNetwork,
  destroy: (name: string) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const { fleet, stateDir } = options;
  const results = await Promise.allSettled(machineNames(stateDir).map(destroy));
  if (hasSystemd()) await exec(['systemctl', 'stop', `${fleetName(fleet)}-*.service`], { signal });
  await removeFleetCgroups(fleet);
  await unmountUnder(stateDir);
  await networkDown(network, signal);
  for (const dir of [machinesIn(stateDir), layersIn(stateDir), runDirOf(fleet)]) {
    await run(['rm', '-rf', '--one-file-system', '--', dir], { signal });
  }
  for (const dir of [stateDir, dirname(runDirOf(fleet))]) {
    if (existsSync(dir) && readdirSync(dir).length === 0) rmdirSync(dir);
  }
  rmSync(`/run/netns/${fleetName(fleet)}`, { force: true });
  const failed = results.find((result) => result.status === 'rejected');
  if (failed && machineNames(stateDir).length > 0) throw failed.reason;
}
