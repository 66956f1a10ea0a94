import { expect, test } from 'vitest';
import { checkPlan } from '#plan/check.ts';
import { release, service, World } from './world.ts';

/* A machine has a /24 of container addresses, and no more. */

const most = 241;
const reservations = { memoryBytes: 0 };
const many = (replicas: number) => release('shop', 1, [service('web', {}, { replicas, reservations })]);

test('a machine whose container addresses are all taken gets no more replicas, and what waits says why', () => {
  const world = new World({ a: {} });
  world.want('shop', many(most + 2));
  world.step();
  expect(Object.keys(world.plan.replicas)).toHaveLength(most);
  expect(world.plan.waiting[0]?.what).toBe('no machine is allowed: a: all 241 container addresses are taken');
  expect(checkPlan(world.policy, world.inventory(), world.plan)).toEqual([]);
});

test('another machine takes what one has no address for', () => {
  const world = new World({ a: {}, b: { labels: { small: 'yes' } } });
  world.want('shop', many(most + 2));
  world.step();
  expect(Object.keys(world.plan.replicas)).toHaveLength(most + 2);
});
