import { mkdirSync, rmSync } from 'node:fs';
import { contains } from '#base/cidr.ts';
import { BallastError } from '#base/errors.ts';
import { same } from '#base/json.ts';
import type { MachineOrder } from '#provider/port.ts';
import { controlOf, tell } from './control.ts';
import type { LocalFleet } from './fleet.ts';
import { ensureLayer, isShared } from './layers.ts';
import { withLock } from './lock.ts';
import { mountOverlay, unmountUnder } from './mounts.ts';
import type { LocalNetwork } from './network.ts';
import { overlayOptions } from './nspawn.ts';
import { type MachineRecord, pathsOf, readRecord, readRecords, writeRecord } from './record.ts';
import { identityFiles, seedDigest, sizeFile, writeFiles } from './seed.ts';

const resizeTimeoutMs = 10_000;

/** Makes the machine's disk and files, or what of them is missing or differs. Nothing boots yet. */
export async function makeMachine(
  fleet: LocalFleet,
  order: MachineOrder,
  base: string,
  signal: AbortSignal,
): Promise<MachineRecord> {
  const { stateDir } = fleet.options;
  const { name, address, size } = order;
  const dir = fleet.dirOf(name);
  // One at a time, so that two that are made at once cannot take the same address.
  const record = await withLock(`machines ${stateDir}`, signal, async () => {
    const found = readRecord(dir);
    refuseConflict(readRecords(stateDir), order);
    if (found) return found;
    const fresh = {
      fleet: fleet.options.fleet,
      name,
      address,
      phase: 'making',
      size,
      lower: [base],
      seed: '',
    } as const;
    writeRecord(dir, fresh);
    return fresh;
  });
  return record.phase === 'made'
    ? await bringUpToDate(record, order, dir, signal)
    : await layOut(fleet, record, order, base, signal);
}

/** A machine that exists gets the files and the size that are wanted now. */
async function bringUpToDate(
  record: MachineRecord,
  order: MachineOrder,
  dir: string,
  signal: AbortSignal,
): Promise<MachineRecord> {
  const { name, size } = order;
  const paths = pathsOf(dir);
  const seed = seedDigest(order.seed);
  if (record.seed === seed && same(record.size, size)) return record;
  await mountOverlay(paths.root, overlayOptions(record, paths));
  writeFiles(paths.root, [...(record.seed === seed ? [] : order.seed), sizeFile(size)]);
  const next: MachineRecord = { ...record, seed, size };
  writeRecord(dir, next);
  const wish = { order: 'resize', signal, timeoutMs: resizeTimeoutMs, what: `resizing ${name}` } as const;
  await tell(controlOf(next), { ...wish, until: () => true });
  return next;
}

/** A machine that never booted: whatever a creation that was cut short has written, its disk begins anew. */
async function layOut(
  fleet: LocalFleet,
  { name, address }: MachineRecord,
  order: MachineOrder,
  base: string,
  signal: AbortSignal,
): Promise<MachineRecord> {
  const { options, network } = fleet;
  const dir = fleet.dirOf(name);
  const { upper, work, root, containers } = pathsOf(dir);
  const { size } = order;
  const shared = order.seed.filter(isShared);
  const layers = await Promise.all(shared.map((file) => ensureLayer(options.stateDir, file, base, signal)));
  const record: MachineRecord = {
    fleet: options.fleet,
    name,
    address,
    phase: 'made',
    size,
    lower: [...layers, base],
    seed: seedDigest(order.seed),
  };
  await unmountUnder(root);
  for (const path of [upper, work]) rmSync(path, { recursive: true, force: true });
  for (const path of [upper, work, root, containers]) mkdirSync(path, { recursive: true });
  await mountOverlay(root, overlayOptions(record, pathsOf(dir)));
  const identity = identityFiles({ name, address, bits: network.cidr.bits, size });
  writeFiles(root, [...identity, ...order.seed.filter((file) => !shared.includes(file))]);
  writeRecord(dir, record);
  return record;
}

/** Refuses an order that no machine of this network could be. */
export function checkOrder({ name, address }: MachineOrder, network: LocalNetwork): void {
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
