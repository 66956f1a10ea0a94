import { expect, test } from 'vitest';
import { World } from '#test/sim/world.ts';
import { keyAgeMax, type MeshState, meshOf, newParts, nextMesh, turn } from './mesh.ts';
import type { Inventory, MachineReport, Policy } from './model.ts';

const key = (letter: string): string => `${letter.repeat(42)}A=`;

interface Said {
  readonly converged?: number;
  readonly keys?: Readonly<Record<string, string>>;
  /** Machines that it met by the keys of a round. */
  readonly met?: Readonly<Record<number, readonly string[]>>;
  readonly connected?: boolean;
}

function fleet(
  mesh: 'wireguard' | undefined,
  state: MeshState | undefined,
  said: Readonly<Record<string, Said>>,
) {
  const world = new World(Object.fromEntries(Object.keys(said).map((name) => [name, {}])));
  const { mesh: _, ...network } = world.policy.fleet.network;
  const policy: Policy = {
    ...world.policy,
    fleet: { ...world.policy.fleet, network: { ...network, ...(mesh ? { mesh } : {}) } },
    machines: Object.fromEntries(
      Object.entries(world.policy.machines).map(([name, one]) => [name, { ...one, joinedAt: 1 }]),
    ),
    ...(state ? { mesh: state } : {}),
  };
  const machines = Object.entries(said).map(
    ([name, { converged = 0, keys = {}, met = {}, connected = true }]) => {
      const peers = Object.entries(met).flatMap(([round, names]) =>
        names.map((machine) => ({ machine, round: Number(round), handshakeAt: 5 })),
      );
      const report = {
        machine: name,
        connected,
        converged,
        facts: { mesh: { wireguard: 'user' as const, keys, peers } },
      };
      return [name, report as unknown as MachineReport];
    },
  );
  const inventory: Inventory = { machines: Object.fromEntries(machines) };
  return { policy, inventory, plan: 10, now: 1_000 };
}

const all = (one: Said) => ({ 'app-1': one, 'app-2': one });

test('a fleet without machines begins with keys', () => {
  const { policy, ...rest } = fleet('wireguard', undefined, all({}));
  const machines = Object.fromEntries(
    Object.entries(policy.machines).map(([name, { joinedAt: _, ...one }]) => [name, one]),
  );
  expect(nextMesh({ ...rest, policy: { ...policy, machines } })).toEqual({ round: 1, last: 1, at: 1_000 });
});

test('a fleet that lives goes there and back by way of understanding both', () => {
  let state = meshOf({});
  const step = (mesh: 'wireguard' | undefined, said: Said): MeshState | undefined => {
    const next = nextMesh(
      fleet(mesh, state, {
        'app-1': { ...said, met: metBy('app-2', said) },
        'app-2': { ...said, met: metBy('app-1', said) },
      }),
    );
    if (next !== undefined) state = next;
    return next;
  };
  const metBy = (name: string, { met }: Said) => (met === undefined ? {} : { 1: [name] });
  expect(step('wireguard', {})).toMatchObject({
    round: 0,
    next: { round: 1, phase: 'preparing', since: 10 },
  });
  expect(step('wireguard', { converged: 10 })).toBeUndefined();
  expect(step('wireguard', { converged: 10, met: {} })).toMatchObject({
    round: 0,
    next: { phase: 'moving' },
  });
  expect(step('wireguard', { converged: 9 })).toBeUndefined();
  expect(step('wireguard', { converged: 10 })).toEqual({ round: 1, last: 1, at: 1_000 });
  expect(step('wireguard', { converged: 10 })).toBeUndefined();
  expect(step(undefined, {})).toMatchObject({ round: 1, next: { round: 0, phase: 'preparing' } });
  expect(step(undefined, { converged: 10 })).toMatchObject({ round: 1, next: { round: 0, phase: 'moving' } });
  expect(step(undefined, { converged: 10 })).toEqual({ round: 0, last: 1, at: 1_000 });
});

test('nothing moves before each machine has met each other by the new keys, save those that are away', () => {
  const state = turn({ plan: 10 }, { round: 1, last: 1, at: 0 }, 2);
  const half = { 'app-1': { met: { 2: ['app-2'] } }, 'app-2': { met: { 1: ['app-1'] } } };
  expect(nextMesh(fleet('wireguard', state, half))).toBeUndefined();
  const away = { 'app-1': {}, 'app-2': { connected: false } };
  expect(nextMesh(fleet('wireguard', state, away))).toMatchObject({ next: { phase: 'moving' } });
});

test('old keys are replaced without being asked', () => {
  const state = { round: 3, last: 3, at: 1_000 - keyAgeMax };
  expect(nextMesh(fleet('wireguard', state, all({})))).toMatchObject({ next: { round: 4 }, last: 4 });
  expect(nextMesh(fleet('wireguard', { ...state, at: 2_000 - keyAgeMax }, all({})))).toBeUndefined();
});

test('people who change their minds early are heard', () => {
  const state = turn({ plan: 10 }, meshOf({}), 1);
  expect(nextMesh(fleet(undefined, state, all({})))).toEqual({ round: 0, last: 1, at: 0 });
});

test('keys are taken over once each, and no machine has that of another', () => {
  const state = { round: 1, last: 1, at: 0 };
  const first = fleet('wireguard', state, {
    'app-1': { keys: { 1: key('B') } },
    'app-2': { keys: { 1: 'no key' } },
  });
  const [one, two] = newParts(first);
  expect(one).toMatchObject({ machine: { name: 'app-1' }, mesh: { keys: { 1: key('B') } }, retired: [] });
  expect(two).toMatchObject({ machine: { name: 'app-2' }, mesh: { keys: {} } });
  const known = {
    ...first,
    policy: {
      ...first.policy,
      machines: Object.fromEntries(
        [one, two].map((part) => [part?.machine.name, { ...part?.machine, mesh: part?.mesh }]),
      ) as Policy['machines'],
    },
  };
  expect(newParts(known)).toEqual([]);
  const thief = fleet('wireguard', state, { 'app-2': { keys: { 1: key('B') } } });
  expect(newParts({ ...known, inventory: thief.inventory })).toEqual([]);
  const anew = fleet('wireguard', state, { 'app-1': { keys: { 1: key('C') } } });
  expect(newParts({ ...known, inventory: anew.inventory })).toMatchObject([
    { mesh: { keys: { 1: key('C') } }, retired: [key('B')] },
  ]);
});
