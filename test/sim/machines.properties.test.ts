import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkPlan } from '#plan/check.ts';
import type { MachineRecord } from '#plan/model.ts';
import type { OnLoss } from '#spec/model.ts';
import { release, service, World } from './world.ts';

// Machines vanish, return, are drained, opened and replaced, the server is started anew, apps are deployed meanwhile.

const most = 6;
const GiB = 1024 ** 3;

const act = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('vanish' as const), machine: fc.nat(most - 1) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('return' as const), machine: fc.nat(most - 1) }) },
  fc.record({ kind: fc.constant('drain' as const), machine: fc.nat(most - 1) }),
  fc.record({ kind: fc.constant('open' as const), machine: fc.nat(most - 1) }),
  fc.record({ kind: fc.constant('replace' as const), machine: fc.nat(most - 1) }),
  fc.record({ kind: fc.constant('restart' as const) }),
  fc.record({
    kind: fc.constant('deploy' as const),
    replicas: fc.integer({ min: 1, max: 6 }),
    image: fc.nat(1),
    global: fc.boolean(),
    onLoss: fc.constantFrom<OnLoss>('wait', 'recreate', 'restore'),
    order: fc.constantFrom('start-first' as const, 'stop-first' as const),
  }),
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('time' as const), minutes: fc.integer({ min: 1, max: 5 }) }),
  },
);

type Act = typeof act extends fc.Arbitrary<infer T> ? T : never;
type Deploy = Extract<Act, { kind: 'deploy' }>;

const story = fc.record({
  machines: fc.integer({ min: 1, max: most }),
  acts: fc.array(act, { maxLength: 25 }),
});

function deploy(world: World, number: number, { replicas, image, global, onLoss, order }: Deploy): void {
  const base = service('web');
  const web = service(
    'web',
    { image: `x@sha256:${image}` },
    { replicas, reservations: { memoryBytes: GiB / 4 }, update: { ...base.deploy.update, order } },
  );
  const log = service('log', { image: `y@sha256:${image}` }, { mode: 'global' });
  const mounts = [{ kind: 'volume', volume: 'data', target: '/d', readOnly: false, noCopy: false }] as const;
  const db = service('db', { mounts, onLoss }, { reservations: { memoryBytes: GiB / 2 } });
  world.want('shop', release('shop', number, global ? [web, log, db] : [web, db]));
}

function perform(world: World, one: Act, number: number): void {
  const all = Object.keys(world.policy.machines);
  const name = all['machine' in one ? one.machine % all.length : 0] ?? '';
  const record = world.policy.machines[name] as MachineRecord;
  switch (one.kind) {
    case 'vanish':
      return void world.offline.add(name);
    case 'return':
      return void world.offline.delete(name);
    case 'drain':
      return world.machine(name, {
        schedulable: false,
        draining: { since: world.now, then: 'stay', by: 'ana' },
      });
    case 'open': {
      const { draining: _, ...rest } = record;
      world.policy = {
        ...world.policy,
        machines: { ...world.policy.machines, [name]: { ...rest, schedulable: true } },
      };
      return;
    }
    case 'replace':
      return world.replace(name);
    case 'restart':
      world.listeningSince = world.now;
      return;
    case 'deploy':
      return deploy(world, number, one);
    case 'time':
      world.now += one.minutes * 60_000;
  }
}

function play(
  { machines, acts }: { machines: number; acts: readonly Act[] },
  each: (world: World) => void,
): World {
  const names = Array.from({ length: machines }, (_, n) => [`m-${n + 1}`, {}] as const);
  const world = new World(Object.fromEntries(names));
  deploy(world, 1, {
    kind: 'deploy',
    replicas: 3,
    image: 0,
    global: true,
    onLoss: 'wait',
    order: 'start-first',
  });
  world.settle();
  for (const [index, one] of acts.entries()) {
    world.inventory();
    perform(world, one, index + 2);
    // Any of these steps may be the last one before the server is killed: nothing is kept but the plan.
    for (let step = 0; step < 4; step += 1) {
      world.now += 5_000;
      world.step();
      each(world);
    }
  }
  return world;
}

describe('while machines come and go', () => {
  it('every plan is sound', () => {
    fc.assert(
      fc.property(story, (told) => {
        play(told, (world) => expect(checkPlan(world.policy, world.inventory(), world.plan)).toEqual([]));
      }),
      { numRuns: 100 },
    );
  });

  it('no container runs twice under one name, seen or unseen', () => {
    fc.assert(
      fc.property(story, (told) => {
        play(told, (world) => {
          const all = [...world.running().values()].flat().toSorted();
          expect(all).toEqual([...new Set(all)]);
        });
      }),
      { numRuns: 100 },
    );
  });

  it('a volume moves only when its file says that it may begin anew', () => {
    fc.assert(
      fc.property(story, (told) => {
        let home: string | undefined;
        play(told, (world) => {
          const now = world.plan.volumes['shop/data'];
          const target = world.plan.apps['shop']?.target ?? 0;
          const onLoss = world.policy.apps['shop']?.releases[target]?.model.services['db']?.onLoss;
          if (home !== undefined && now !== undefined && now !== home) expect(onLoss).toBe('recreate');
          if (world.plan.lostVolumes?.['shop/data'] !== undefined) expect(now).toBeUndefined();
          home = now ?? home;
        });
      }),
      { numRuns: 100 },
    );
  });

  it('nothing is taken from machines when more than a third vanish at once', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: most }),
        fc.nat(most),
        fc.integer({ min: 1, max: 120 }),
        (machines, extra, minutes) => {
          const world = play({ machines, acts: [] }, () => {});
          const gone = Math.max(2, Math.floor(machines / 3) + 1 + (extra % machines));
          for (let n = 1; n <= Math.min(machines, gone); n += 1) world.offline.add(`m-${n}`);
          const before = Object.keys(world.plan.replicas);
          for (let minute = 0; minute < minutes; minute += 1) {
            world.now += 60_000;
            world.step();
          }
          expect(Object.keys(world.plan.replicas)).toEqual(before);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('the fleet comes to rest once all are back and open, and then stays still', () => {
    fc.assert(
      fc.property(story, (told) => {
        const world = play(told, () => {});
        world.offline.clear();
        for (let machine = 0; machine < told.machines; machine += 1)
          perform(world, { kind: 'open', machine }, 0);
        world.settle();
        expect(world.step()).toBe(false);
      }),
      { numRuns: 100 },
    );
  });
});
