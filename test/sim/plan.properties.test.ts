import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkPlan } from '#plan/check.ts';
import { nextPlan } from '#plan/next.ts';
import { beside } from './sketch.ts';
import { release, service, World } from './world.ts';

const MiB = 1024 ** 2;

const machines = fc.array(
  fc.record({
    cpus: fc.integer({ min: 1, max: 4 }),
    gib: fc.integer({ min: 1, max: 4 }),
    zone: fc.constantFrom('a', 'b'),
    reserve: fc.option(
      fc.record({ cpus: fc.constantFrom(0, 0.5), memoryBytes: fc.integer({ min: 0, max: 1024 * MiB }) }),
      { nil: undefined },
    ),
  }),
  { minLength: 1, maxLength: 4 },
);

const sketch = fc.record({
  name: fc.constantFrom('web', 'api', 'db', 'log'),
  image: fc.integer({ min: 0, max: 2 }),
  replicas: fc.integer({ min: 0, max: 6 }),
  memory: fc.integer({ min: 0, max: 1500 }),
  cpus: fc.constantFrom(0, 0.25, 0.5, 1.5),
  order: fc.constantFrom('start-first' as const, 'stop-first' as const),
  parallelism: fc.integer({ min: 0, max: 3 }),
  zone: fc.option(fc.constantFrom('a', 'b'), { nil: undefined }),
  global: fc.boolean(),
  volume: fc.boolean(),
  beside: fc.boolean(),
  fails: fc.integer({ min: 0, max: 9 }).map((n) => n === 0),
});

type Sketch = typeof sketch extends fc.Arbitrary<infer T> ? T : never;

const act = fc.oneof(
  fc.record({
    kind: fc.constant('deploy' as const),
    services: fc.uniqueArray(sketch, { selector: ({ name }) => name, minLength: 1, maxLength: 4 }),
  }),
  fc.record({ kind: fc.constant('remove' as const) }),
  fc.record({ kind: fc.constant('offline' as const), machine: fc.nat(3) }),
  fc.record({ kind: fc.constant('online' as const), machine: fc.nat(3) }),
  fc.record({ kind: fc.constant('steps' as const), count: fc.integer({ min: 1, max: 4 }) }),
);

/** A log collector may share the network of the web service. */
function servicesFrom(sketches: readonly Sketch[]) {
  const web = sketches.find(({ name }) => name === 'web');
  return sketches.map((one) => {
    const made = serviceFrom(one);
    if (one.name !== 'log' || !one.beside || web === undefined) return made;
    const { mode, replicas } = serviceFrom(web).deploy;
    return beside('web', made, { mode, replicas });
  });
}

function serviceFrom(one: Sketch) {
  const mounts = one.volume
    ? [
        {
          kind: 'volume' as const,
          volume: `${one.name}-data`,
          target: '/data',
          readOnly: false,
          noCopy: false,
        },
      ]
    : [];
  const base = service(one.name);
  return service(
    one.name,
    { image: `registry.internal:5000/x@sha256:${String(one.image).repeat(64)}`, mounts },
    {
      replicas: one.replicas,
      mode: one.global && !one.volume ? 'global' : 'replicated',
      reservations: { memoryBytes: one.memory * MiB, cpus: one.cpus },
      update: { ...base.deploy.update, order: one.order, parallelism: one.parallelism },
      constraints: one.zone === undefined ? [] : [{ key: 'node.labels.zone', equal: true, value: one.zone }],
    },
  );
}

function play(
  sketches: readonly (typeof machines extends fc.Arbitrary<readonly (infer T)[]> ? T : never)[],
  acts: readonly (typeof act extends fc.Arbitrary<infer T> ? T : never)[],
  each: (world: World) => void,
): World {
  const world = new World(
    Object.fromEntries(
      sketches.map(({ cpus, gib, zone, reserve }, n) => [
        `m-${n + 1}`,
        { cpus, memoryBytes: gib * 1024 * MiB, labels: { zone }, ...(reserve ? { reserve } : {}) },
      ]),
    ),
  );
  let number = 0;
  for (const one of acts) {
    const name = `m-${('machine' in one ? one.machine % sketches.length : 0) + 1}`;
    if (one.kind === 'deploy') {
      number += 1;
      for (const { name: failing, fails } of one.services) {
        if (fails)
          world.behaviour.set(`shop/${failing}@${number}`, { state: 'failed', exitCode: 1, restarts: 3 });
      }
      world.want('shop', release('shop', number, servicesFrom(one.services)));
    } else if (one.kind === 'remove') world.want('shop', null);
    else if (one.kind === 'offline') world.offline.add(name);
    else if (one.kind === 'online') world.offline.delete(name);
    const rounds = one.kind === 'steps' ? one.count : 1;
    for (let round = 0; round < rounds; round += 1) {
      world.now += 10_000;
      world.step();
      each(world);
    }
  }
  return world;
}

const acts = fc.array(act, { minLength: 1, maxLength: 20 });

/** The same data with its keys in another order. */
function shuffled<T>(value: T): T {
  if (Array.isArray(value) || value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, item]) => [key, shuffled(item)]),
  ) as T;
}

describe('every plan', () => {
  it('is sound at every instant: nothing over-committed, no address twice, volumes with their data', () => {
    fc.assert(
      fc.property(machines, acts, (fleet, story) => {
        play(fleet, story, (world) => {
          expect(checkPlan(world.policy, world.inventory(), world.plan)).toEqual([]);
        });
      }),
      { numRuns: 300 },
    );
  });

  it('comes to rest once machines are back, and then stays still', () => {
    fc.assert(
      fc.property(machines, acts, (fleet, story) => {
        const world = play(fleet, story, () => {});
        world.offline.clear();
        world.settle();
        expect(world.step()).toBe(false);
      }),
      { numRuns: 300 },
    );
  });

  it('does not depend on the order of its input', () => {
    fc.assert(
      fc.property(machines, acts, (fleet, story) => {
        const world = play(fleet, story, () => {});
        const input = {
          policy: world.policy,
          inventory: world.inventory(),
          parent: world.plan,
          now: world.now,
        };
        expect(nextPlan(shuffled(input))).toEqual(nextPlan(input));
      }),
      { numRuns: 200 },
    );
  });

  it('keeps the old replicas serving until as many new ones do', () => {
    fc.assert(
      fc.property(
        machines,
        fc.integer({ min: 1, max: 5 }),
        fc.integer({ min: 1, max: 3 }),
        (fleet, replicas, parallelism) => {
          const world = play(fleet, [], () => {});
          const make = (image: string) => {
            const base = service('web');
            return service('web', { image }, { replicas, update: { ...base.deploy.update, parallelism } });
          };
          world.want('shop', release('shop', 1, [make('a@sha256:1')]));
          world.settle();
          const before = world.history.length;
          world.want('shop', release('shop', 2, [make('a@sha256:2')]));
          world.settle();
          for (const plan of world.history.slice(before)) {
            const serving = Object.values(plan.replicas).filter(({ phase }) => phase === 'serving');
            expect(serving.length).toBeGreaterThanOrEqual(replicas);
          }
        },
      ),
    );
  });
});
