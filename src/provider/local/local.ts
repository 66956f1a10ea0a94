import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { contains } from '#base/cidr.ts';
import { BallastError } from '#base/errors.ts';
import { same } from '#base/json.ts';
import { run } from '#host/exec.ts';
import { ensureHostTools, localTools } from '#host/host-tools.ts';
import type { MachineFound, MachineOrder, Power, Progress, Provider } from '#provider/port.ts';
import { ensureBase } from './base-image.ts';
import { cgroupOf } from './cgroup.ts';
import { removeAll } from './cleanup.ts';
import { controlOf, type Order, tell } from './control.ts';
import { ensureLayer, isShared } from './layers.ts';
import { withLock } from './lock.ts';
import { mountOverlay, unmountUnder } from './mounts.ts';
import { type LocalNetwork, localNetwork, networkDown, networkUp, setPartition } from './network.ts';
import { enterArgv, overlayOptions } from './nspawn.ts';
import { type MachineRecord, machinesIn, pathsOf, readRecord, readRecords, writeRecord } from './record.ts';
import { identityFiles, seedDigest, sizeFile, writeFiles } from './seed.ts';
import { consoleTail, startSupervisor } from './supervisor.ts';

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

const bootTimeoutMs = 60_000;
const offTimeoutMs = 90_000;

/** The provider of machines that are systemd-nspawn containers on this computer. Needs root. */
export function createLocalProvider(options: LocalOptions): LocalProvider {
  const network = localNetwork(options.fleet, options.network);
  const dirOf = (name: string): string => join(machinesIn(options.stateDir), name);
  const lockOf = (name: string): string => `machine ${dirOf(name)}`;
  const existing = (name: string): MachineRecord => {
    const record = readRecord(dirOf(name));
    if (record) return record;
    throw new BallastError('not-found', `there is no local machine ${name} in fleet ${options.fleet}`, {
      fix: 'see which there are: ballast machine ls',
    });
  };
  const prepare = async (progress: Progress, signal: AbortSignal): Promise<string> => {
    await ensureHostTools(localTools, progress, signal);
    const base = await ensureBase(options.cacheDir, progress, signal);
    await networkUp(network, signal);
    return base;
  };
  const start = async (record: MachineRecord, signal: AbortSignal): Promise<void> => {
    const dir = dirOf(record.name);
    const wish = { signal, timeoutMs: bootTimeoutMs, what: `booting ${record.name}` };
    const up = (): Promise<unknown> =>
      tell(controlOf(record), { ...wish, until: ({ state }) => state === 'up' });
    if ((await up()) !== 'gone') return;
    // What a supervisor that was killed left running: it is nobody's child and cannot be taken over.
    await cgroupOf(record.fleet, record.name).remove();
    await startSupervisor(options.self, dir, record, signal);
    if ((await up()) !== 'gone') return;
    throw new BallastError('command-failed', `${record.name} does not boot`, {
      why: 'its supervisor ended before the machine was up',
      fix: `read ${pathsOf(dir).console}`,
      log: consoleTail(dir),
    });
  };
  const ask = async (name: string, order: Order, what: string, signal: AbortSignal): Promise<void> => {
    const record = existing(name);
    await tell(controlOf(record), { order, signal, timeoutMs: offTimeoutMs, what: `${what} ${name}` });
    if (order === 'cut') await cgroupOf(record.fleet, name).remove();
  };

  return {
    kind: 'local',
    network: {
      ...network,
      up: (signal) => networkUp(network, signal),
      down: (signal) => networkDown(network, signal),
    },
    prepare: async (progress, signal) => {
      await prepare(progress, signal);
    },
    create: async (order, progress, signal) => {
      checkOrder(order, network);
      const base = await prepare(progress, signal);
      return await withLock(lockOf(order.name), signal, async () => {
        const record = await make(options, network, order, base, signal);
        await start(record, signal);
        return { name: record.name, address: record.address, state: 'running' };
      });
    },
    list: async () =>
      readRecords(options.stateDir).map(
        ({ fleet, name, address }): MachineFound => ({
          name,
          address,
          state: cgroupOf(fleet, name).populated() ? 'running' : 'stopped',
        }),
      ),
    destroy: async (name, signal) => {
      await withLock(lockOf(name), signal, () => destroyMachine(options, network, name, signal));
    },
    inside: async (name, signal) => {
      const record = existing(name);
      const status = await tell(controlOf(record), {
        ...{ signal, timeoutMs: bootTimeoutMs, what: `booting ${name}` },
        until: ({ state }) => state === 'up',
      });
      if (status !== 'gone' && status.leader !== null) {
        return enterArgv(status.leader, cgroupOf(record.fleet, name).procsLate);
      }
      throw new BallastError('unreachable', `${name} is powered off`, { fix: 'power it on first' });
    },
    downAll: (signal) =>
      removeAll(options, network, (name) => destroyMachine(options, network, name, signal), signal),
    power: {
      off: (name, signal) => ask(name, 'off', 'powering off', signal),
      cut: (name, signal) => ask(name, 'cut', 'cutting the power of', signal),
      on: async (name, signal) => {
        await networkUp(network, signal);
        await withLock(lockOf(name), signal, () => start(existing(name), signal));
      },
      reboot: async (name, signal) => {
        const record = existing(name);
        const wish = { order: 'reboot', signal, timeoutMs: offTimeoutMs, what: `rebooting ${name}` } as const;
        const status = await tell(controlOf(record), {
          ...wish,
          until: ({ boot, state }, first) => boot > first.boot && state === 'up',
        });
        if (status !== 'gone') return;
        throw new BallastError('unreachable', `${name} is powered off`, {
          fix: 'power it on instead',
          log: consoleTail(dirOf(name)),
        });
      },
      partition: async (name, signal) => setPartition(network, existing(name).address, true, signal),
      heal: async (name, signal) => setPartition(network, existing(name).address, false, signal),
    },
  };
}

/** Makes the machine's disk and files, or what of them is missing or differs. Nothing boots yet. */
async function make(
  options: LocalOptions,
  network: LocalNetwork,
  order: MachineOrder,
  base: string,
  signal: AbortSignal,
): Promise<MachineRecord> {
  const { fleet, stateDir } = options;
  const { name, address, size } = order;
  const dir = join(machinesIn(stateDir), name);
  const paths = pathsOf(dir);
  const seed = seedDigest(order.seed);
  const had = await withLock(`machines ${stateDir}`, signal, async () => {
    const found = readRecord(dir);
    refuseConflict(readRecords(stateDir), order);
    if (!found) writeRecord(dir, { fleet, name, address, phase: 'making', size, lower: [base], seed: '' });
    return found;
  });
  if (had?.phase === 'made') {
    if (had.seed === seed && same(had.size, size)) return had;
    await mountOverlay(paths.root, overlayOptions(had, paths));
    writeFiles(paths.root, [...(had.seed === seed ? [] : order.seed), sizeFile(size)]);
    const record: MachineRecord = { ...had, seed, size };
    writeRecord(dir, record);
    await tell(controlOf(record), {
      ...{ order: 'resize', until: () => true, signal, timeoutMs: bootTimeoutMs, what: `resizing ${name}` },
    });
    return record;
  }
  const shared = order.seed.filter(isShared);
  const layers = await Promise.all(shared.map((file) => ensureLayer(stateDir, file, base, signal)));
  const record: MachineRecord = { fleet, name, address, phase: 'made', size, lower: [...layers, base], seed };
  // Whatever a creation that was cut short has written, the disk begins anew.
  await unmountUnder(paths.root);
  for (const path of [paths.upper, paths.work]) rmSync(path, { recursive: true, force: true });
  for (const path of [paths.upper, paths.work, paths.root, paths.containers])
    mkdirSync(path, { recursive: true });
  await mountOverlay(paths.root, overlayOptions(record, paths));
  const identity = identityFiles({ name, address, bits: network.cidr.bits, size });
  writeFiles(paths.root, [...identity, ...order.seed.filter((file) => !shared.includes(file))]);
  writeRecord(dir, record);
  return record;
}

function checkOrder({ name, address }: MachineOrder, network: LocalNetwork): void {
  if (!/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(name)) {
    throw new BallastError('bad-request', `${name} is no name for a machine`, {
      fix: 'use lower case letters, digits and hyphens, at most 63',
    });
  }
  if (!contains(network.cidr, address) || address === network.gateway) {
    throw new BallastError('bad-request', `${name} cannot have the address ${address}`, {
      why: `local machines of this fleet have addresses of one network, and ${network.gateway} is this computer's`,
    });
  }
}

function refuseConflict(records: readonly MachineRecord[], { name, address }: MachineOrder): void {
  const moved = records.find((record) => record.name === name && record.address !== address);
  if (moved) {
    throw new BallastError('conflict', `${name} has the address ${moved.address}, not ${address}`, {
      fix: `remove the machine first: ballast machine rm ${name}`,
    });
  }
  const taken = records.find((record) => record.name !== name && record.address === address);
  if (taken)
    throw new BallastError('conflict', `${name} cannot have the address ${address}: ${taken.name} has it`);
}

/** Takes a machine away in whatever state it is. */
async function destroyMachine(
  { fleet, stateDir }: LocalOptions,
  network: LocalNetwork,
  name: string,
  signal: AbortSignal,
): Promise<void> {
  const dir = join(machinesIn(stateDir), name);
  if (!existsSync(dir)) return;
  const record = readRecord(dir);
  const socket = controlOf({ fleet, name });
  const wish = { signal, timeoutMs: 15_000, what: `cutting the power of ${name}` };
  await tell(socket, { ...wish, order: 'cut' }).catch((error: unknown) => {
    // A supervisor that does not answer does not keep its machine: what follows needs no help from it.
    if (!(error instanceof BallastError && error.code === 'timed-out')) throw error;
  });
  await cgroupOf(fleet, name).remove();
  await unmountUnder(dir);
  if (record) await setPartition(network, record.address, false, signal);
  rmSync(socket, { force: true });
  await run(['rm', '-rf', '--one-file-system', '--', dir], { signal });
}
