import { expect, test } from 'vitest';
import type { MachineCondition } from '#plan/model.ts';
import { release, service, World } from './world.ts';

const MiB = 1024 ** 2;
const disk: MachineCondition = { kind: 'disk-pressure', since: 1, what: '1 MiB of 1 GiB free at /' };
const memory: MachineCondition = { kind: 'memory-pressure', since: 1, what: '1 MiB of 1 GiB of memory free' };
const web = (replicas: number, memoryBytes = 0) =>
  release('shop', 1, [service('web', {}, { replicas, reservations: { memoryBytes } })]);
const machinesOf = (world: World) => Object.values(world.plan.replicas).map(({ machine }) => machine);

test('a machine under disk pressure gets no new replicas, and keeps those it has', () => {
  const world = new World({ a: {}, b: {} });
  world.want('shop', web(2));
  world.settle();
  expect(machinesOf(world).sort()).toEqual(['a', 'b']);
  world.conditions.set('a', [disk]);
  world.want('shop', { ...web(5), number: 2 });
  world.settle();
  expect(machinesOf(world).sort()).toEqual(['a', 'b', 'b', 'b', 'b']);
});

test('when no other machine is left, what waits says why, and goes on once there is space', () => {
  const world = new World({ a: {} });
  world.conditions.set('a', [disk]);
  world.want('shop', web(1));
  world.settle();
  expect(world.plan.waiting.map(({ what }) => what).join()).toMatch(
    /a: is under disk pressure \(1 MiB of 1 GiB/,
  );
  world.conditions.clear();
  world.settle();
  expect(machinesOf(world)).toEqual(['a']);
});

test('memory pressure only makes other machines the better choice', () => {
  const world = new World({ a: {}, b: {} });
  world.conditions.set('a', [memory]);
  world.want('shop', web(2));
  world.settle();
  expect(machinesOf(world)).toEqual(['b', 'b']);
  world.conditions.set('b', [memory]);
  world.want('shop', { ...web(3), number: 2 });
  world.settle();
  expect(machinesOf(world).sort()).toEqual(['a', 'b', 'b']);
});

test('what a pool keeps back for the system cannot be reserved', () => {
  const world = new World({ a: { memoryBytes: 1024 * MiB, reserve: { memoryBytes: 512 * MiB } } });
  world.want('shop', web(2, 300 * MiB));
  world.settle();
  expect(machinesOf(world)).toEqual(['a']);
  expect(world.plan.waiting.map(({ what }) => what).join()).toMatch(/212 MiB free/);
});
