import { expect, it } from 'vitest';
import { release, service, World } from './world.ts';

const second = 1_000;
const minute = 60 * second;
const four = { 'app-1': {}, 'app-2': {}, 'app-3': {}, 'app-4': {} };
const web = (n: number, monitorMs = 0) => {
  const base = service('web');
  const update = { ...base.deploy.update, monitorMs };
  return service('web', { image: `x@sha256:${String(n).repeat(64)}` }, { replicas: 1, update });
};

/** Release 1 runs; the replica of release 2 starts, and does not get healthy. */
function starting(): World {
  const world = new World(four);
  world.want('shop', release('shop', 1, [web(1)]));
  world.settle();
  world.behaviour.set('shop/web@2', { state: 'starting' });
  world.want('shop', release('shop', 2, [web(2)]));
  world.step();
  return world;
}

function pass(world: World, ms: number): void {
  for (const end = world.now + ms; world.now < end; ) {
    world.now += Math.min(10 * second, end - world.now);
    for (let step = 0; step < 5 && world.step(); step += 1);
  }
}

const phase = (world: World) => world.plan.apps['shop']?.phase;
const hostOf = (world: World) => world.plan.replicas['shop-web-1-r2']?.machine ?? '';

it('a rollout goes on after the server was away, however long, and fails only when it had its time', () => {
  const world = starting();
  pass(world, minute);
  for (const name of Object.keys(four)) world.offline.add(name);
  world.now += 60 * minute;
  world.listeningSince = world.now;
  pass(world, 5 * second);
  expect(phase(world)).toBe('rolling');
  world.offline.clear();
  pass(world, 4 * minute);
  expect(phase(world)).toBe('rolling');
  pass(world, 2 * minute);
  expect(phase(world)).toBe('failed');
  expect(world.plan.apps['shop']?.failure?.what).toBe('not healthy 5 minutes after it could be seen again');
});

it('a rollout that the server left in the middle ends well when its replica is healthy afterwards', () => {
  const world = starting();
  world.now += 60 * minute;
  world.listeningSince = world.now;
  pass(world, minute);
  world.behaviour.clear();
  world.settle();
  expect(world.plan.apps['shop']).toMatchObject({ phase: 'steady', healthy: 2 });
});

it('time in which the machine was not heard is not held against a replica', () => {
  const world = starting();
  const pool = {
    name: 'app',
    provider: 'local',
    count: 4,
    labels: {},
    size: {},
    replaceAfterMs: 60 * minute,
  } as const;
  world.policy = { ...world.policy, fleet: { ...world.policy.fleet, pools: { app: pool } } };
  pass(world, minute);
  world.offline.add(hostOf(world));
  pass(world, 20 * minute);
  expect(phase(world)).toBe('rolling');
  world.offline.clear();
  pass(world, 4 * minute);
  expect(phase(world)).toBe('rolling');
  pass(world, 2 * minute);
  expect(phase(world)).toBe('failed');
});

it('a rollout whose volume went away with its machine still comes to an end', () => {
  const world = new World(four);
  const mounts = [{ kind: 'volume', volume: 'data', target: '/d', readOnly: false, noCopy: false }] as const;
  world.behaviour.set('shop/db@1', { state: 'starting' });
  world.want('shop', release('shop', 1, [service('db', { mounts })]));
  world.step();
  world.offline.add(world.plan.volumes['shop/data'] ?? '');
  pass(world, 10 * minute);
  expect(phase(world)).toBe('failed');
});

it('the monitor time does not count time in which the server was away', () => {
  const world = new World({ a: {} });
  world.want('shop', release('shop', 1, [web(1, 30 * second)]));
  world.step();
  world.step();
  expect(world.plan.apps['shop']?.healthySince).toBe(world.now);
  world.now += 10 * minute;
  world.listeningSince = world.now;
  pass(world, 20 * second);
  expect(phase(world)).toBe('rolling');
  pass(world, 20 * second);
  expect(phase(world)).toBe('steady');
});
