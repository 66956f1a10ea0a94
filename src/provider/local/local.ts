import { BallastError } from '#base/errors.ts';
import { ensureHostTools, localTools } from '#host/host-tools.ts';
import type { MachineFound, Power, Progress, Provider } from '#provider/port.ts';
import { ensureBase } from './base-image.ts';
import { cgroupOf } from './cgroup.ts';
import { claim, refuseOthers } from './claim.ts';
import { destroyMachine, removeAll } from './destroy.ts';
import { type LocalFleet, type LocalOptions, localFleet } from './fleet.ts';
import { withLock } from './lock.ts';
import { checkOrder, makeMachine } from './make.ts';
import { type LocalNetwork, networkDown, networkUp } from './network.ts';
import { enterArgv } from './nspawn.ts';
import { localPower, powerOn, whenUp } from './power.ts';
import { hold, isHeld, type MachineRecord, machineNames, readRecords } from './record.ts';

export interface LocalProvider extends Provider {
  readonly kind: 'local';
  readonly power: Power;
  readonly network: LocalNetwork & {
    up(signal: AbortSignal): Promise<void>;
    down(signal: AbortSignal): Promise<void>;
  };
  /** Tools, base image and network: what creating needs and does itself, for those who want it done before. */
  prepare(progress: Progress, signal: AbortSignal): Promise<void>;
  /** The start of a command line that runs a command inside a running machine, as root. */
  inside(name: string, signal: AbortSignal): Promise<readonly string[]>;
  /** Removes every trace of the fleet but the base image, whatever was killed before. */
  downAll(signal: AbortSignal): Promise<void>;
}

/** The provider of machines that are systemd-nspawn containers on this computer. Needs root. */
export function createLocalProvider(options: LocalOptions): LocalProvider {
  const fleet = localFleet(options);
  const { network } = fleet;
  return {
    kind: 'local',
    network: {
      ...network,
      up: async (signal) => {
        claim(fleet);
        await networkUp(network, signal);
      },
      down: (signal) => networkDown(network, signal),
    },
    power: localPower(fleet),
    prepare: async (progress, signal) => {
      await prepare(fleet, progress, signal);
    },
    create: async (order, progress, signal) => {
      checkOrder(order, network);
      const base = await prepare(fleet, progress, signal);
      return await withLock(fleet.lockOf(order.name), signal, async () => {
        const record = await makeMachine(fleet, order, base, signal);
        hold(fleet.dirOf(record.name), false);
        await powerOn(fleet, record, signal);
        return { name: record.name, address: record.address, state: 'running', held: false };
      });
    },
    list: async () => readRecords(options.stateDir).map((record) => found(fleet, record)),
    destroy: (name, signal) => destroyMachine(fleet, name, signal),
    inside: (name, signal) => inside(fleet, name, signal),
    downAll: async (signal) => {
      refuseOthers(fleet);
      // In good order first; what that leaves, for whatever reason, goes without asking.
      await Promise.allSettled(
        machineNames(options.stateDir).map((name) => destroyMachine(fleet, name, signal)),
      );
      await removeAll(fleet, signal);
    },
  };
}

function found({ dirOf }: LocalFleet, { fleet, name, address }: MachineRecord): MachineFound {
  // In this order: a machine that is being put off is held before it stops, and must not look as if it fell over.
  const stopped = !cgroupOf(fleet, name).populated();
  return { name, address, state: stopped ? 'stopped' : 'running', held: isHeld(dirOf(name)) };
}

/** Answers with the directory of the base. */
async function prepare(fleet: LocalFleet, progress: Progress, signal: AbortSignal): Promise<string> {
  const { options, network } = fleet;
  claim(fleet);
  await ensureHostTools(localTools, progress, signal);
  // Before the base, which may take minutes: an address that is taken is told at once.
  await networkUp(network, signal);
  return await ensureBase(options.cacheDir, progress, signal);
}

async function inside(fleet: LocalFleet, name: string, signal: AbortSignal): Promise<readonly string[]> {
  const status = await whenUp(fleet.existing(name), signal);
  if (status !== 'gone' && status.leader !== null) {
    return enterArgv(status.leader, cgroupOf(fleet.options.fleet, name).procsLate);
  }
  throw new BallastError('unreachable', `${name} is powered off`, { fix: 'power it on first' });
}
