import { join } from 'node:path';
import { BallastError } from '#base/errors.ts';
import { type LocalNetwork, localNetwork } from './network.ts';
import { type MachineRecord, machinesIn, readRecord } from './record.ts';

export interface LocalOptions {
  /** Names everything on this computer: keep it short. */
  readonly fleet: string;
  /** Absolute path; machines, their disks and console logs. */
  readonly stateDir: string;
  /** Absolute path; the base image, shared by all fleets. */
  readonly cacheDir: string;
  /** IPv4 network of the machines. Its last usable address is this computer's. */
  readonly network: string;
  /** The command that runs this program again; it must understand `local-supervise DIR`. Absolute paths. */
  readonly self: readonly string[];
}

/** Where local machines and their base image are kept unless someone says otherwise. */
export const defaultDirs = (fleet: string): Pick<LocalOptions, 'stateDir' | 'cacheDir'> => ({
  stateDir: `/var/lib/ballast-local/${fleet}`,
  cacheDir: '/var/cache/ballast',
});

/** One fleet's local machines: where they are and how they are called. */
export interface LocalFleet {
  readonly options: LocalOptions;
  readonly network: LocalNetwork;
  dirOf(machine: string): string;
  lockOf(machine: string): string;
  /** The machine's record; throws when there is none. */
  existing(machine: string): MachineRecord;
}

export function localFleet(options: LocalOptions): LocalFleet {
  const dirOf = (machine: string): string => join(machinesIn(options.stateDir), machine);
  return {
    options,
    network: localNetwork(options.fleet, options.network),
    dirOf,
    lockOf: (machine) => `machine ${dirOf(machine)}`,
    existing: (machine) => {
      const record = readRecord(dirOf(machine));
      if (record) return record;
      throw new BallastError('not-found', `there is no local machine ${machine} in fleet ${options.fleet}`, {
        fix: 'see which there are: ballast machine ls',
      });
    },
  };
}
