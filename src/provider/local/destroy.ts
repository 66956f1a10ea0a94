import { existsSync, readdirSync, rmdirSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { BallastError } from '#base/errors.ts';
import { exec, run } from '#host/exec.ts';
import { cgroupOf, hasSystemd, removeFleetCgroups } from './cgroup.ts';
import { controlOf, tell } from './control.ts';
import type { LocalFleet } from './fleet.ts';
import { layersIn } from './layers.ts';
import { withLock } from './lock.ts';
import { clearAfterNspawn, unmountUnder } from './mounts.ts';
import { fleetName, nspawnName, runDirOf } from './names.ts';
import { networkDown, setPartition } from './network.ts';
import { machinesIn, pathsOf, readRecord } from './record.ts';

/** Takes a machine away in whatever state it is; absent is well. */
export async function destroyMachine(fleet: LocalFleet, name: string, signal: AbortSignal): Promise<void> {
  const dir = fleet.dirOf(name);
  if (!existsSync(dir)) return;
  await withLock(fleet.lockOf(name), signal, async () => {
    const record = readRecord(dir);
    const own = { fleet: fleet.options.fleet, name };
    const wish = { order: 'cut', signal, timeoutMs: 15_000, what: `cutting the power of ${name}` } as const;
    await tell(controlOf(own), wish).catch((error: unknown) => {
      // A supervisor that does not answer does not keep its machine: what follows needs no help from it.
      if (!(error instanceof BallastError && error.code === 'timed-out')) throw error;
    });
    await cgroupOf(own.fleet, name).remove();
    if (record) {
      await clearAfterNspawn(nspawnName(record.address), pathsOf(dir).root);
      await setPartition(fleet.network, record.address, false, signal);
    }
    await unmountUnder(dir);
    rmSync(controlOf(own), { force: true });
    await run(removeArgv(dir), { signal });
  });
}

/**
 * Removes every trace of a fleet: machines, supervisors, cgroups, mounts, network and files. It trusts no record, so
 * it works after any crash, and again after itself was cut short. The base image stays: other fleets may use it.
 */
export async function removeAll({ options, network }: LocalFleet, signal: AbortSignal): Promise<void> {
  const { fleet, stateDir } = options;
  if (hasSystemd()) await exec(['systemctl', 'stop', `${fleetName(fleet)}-*.service`], { signal });
  await removeFleetCgroups(fleet);
  await unmountUnder(stateDir);
  await networkDown(network, signal);
  for (const dir of [machinesIn(stateDir), layersIn(stateDir), runDirOf(fleet)])
    await run(removeArgv(dir), { signal });
  for (const dir of [stateDir, dirname(runDirOf(fleet))]) {
    if (existsSync(dir) && readdirSync(dir).length === 0) rmdirSync(dir);
  }
}

/** Never into another file system, whatever is mounted there. */
const removeArgv = (dir: string): string[] => ['rm', '-rf', '--one-file-system', '--', dir];
