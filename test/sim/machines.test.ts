import { describe, expect, it } from 'vitest';
import type { ServiceModel } from '#spec/model.ts';
import { release, service, World } from './world.ts';

const second = 1_000;
const minute = 60 * second;

const withData = (name: string, more: Partial<ServiceModel> = {}): ServiceModel =>
  service(name, {
    mounts: [{ kind: 'volume', volume: 'data', target: '/data', readOnly: false, noCopy: false }],
    ...more,
  });

function fleet(...names: readonly string[]): World {
  return new World(Object.fromEntries(names.map((name) => [name, {}])));
}

/** Machines vanish now; time passes until something comes of it, or for ten minutes. */
function vanish(world: World, ...names: readonly string[]): void {
  world.inventory();
  for (const name of names) world.offline.add(name);
}

function pass(world: World, ms: number, stepMs = 5 * second): void {
  for (let passed = 0; passed < ms; passed += stepMs) {
    world.now += stepMs;
    while (world.step());
  }
}

const hosts = (world: World, name = 'web'): readonly string[] =>
  Object.values(world.plan.replicas)
    .filter((replica) => replica.service === name)
    .map(({ machine }) => machine)
    .sort();

const ids = (world: World): readonly string[] => Object.keys(world.plan.replicas).sort();
const waits = (world: World): readonly string[] => world.plan.waiting.map(({ what }) => what);

function deployed(world: World, ...services: readonly ServiceModel[]): World {
  world.want('shop', release('shop', 1, services));
  return world.settle();
}

/** No container runs twice under one name, wherever it is. */
function expectOneOfEach(world: World): void {
  const all = [...world.running().values()].flat();
  expect(all.toSorted()).toEqual([...new Set(all)].toSorted());
}

describe('a machine that is away', () => {
  it('keeps its replicas for two minutes, then they run elsewhere under new names', () => {
    const world = deployed(fleet('a', 'b', 'c', 'd'), service('web', {}, { replicas: 4 }));
    expect(hosts(world)).toEqual(['a', 'b', 'c', 'd']);
    vanish(world, 'd');
    pass(world, minute + 50 * second);
    expect(hosts(world)).toEqual(['a', 'b', 'c', 'd']);
    pass(world, 15 * second);
    expect(hosts(world)).not.toContain('d');
    expect(hosts(world)).toHaveLength(4);
    expect(world.plan.machines?.['d']).toMatchObject({ ghosts: { replicas: ['shop-web-4-r1'] } });
    expect(ids(world)).toContain('shop-web-4-r1-2');
    expectOneOfEach(world);
  });

  it('is put right when it comes back, and gets replicas again after that', () => {
    const world = deployed(fleet('a', 'b', 'c', 'd'), service('web', {}, { replicas: 4 }));
    vanish(world, 'd');
    pass(world, 3 * minute);
    world.offline.delete('d');
    world.settle();
    expectOneOfEach(world);
    expect(world.plan.machines?.['d']).toBeUndefined();
    world.want('shop', release('shop', 2, [service('web', {}, { replicas: 5 })]));
    world.settle();
    expect(hosts(world)).toContain('d');
  });

  it('keeps a replica for which there is no room elsewhere, and the plan says so', () => {
    const world = new World({ a: {}, b: { labels: { disk: 'fast' } }, c: {} });
    const picky = service(
      'web',
      {},
      { constraints: [{ key: 'node.labels.disk', equal: true, value: 'fast' }] },
    );
    deployed(world, picky);
    vanish(world, 'b');
    pass(world, 3 * minute);
    expect(hosts(world)).toEqual(['b']);
    expect(waits(world)).toEqual(['no machine is allowed: a, c: constraint node.labels.disk == fast']);
  });

  it('does not lose a job that has run', () => {
    const world = fleet('a', 'b', 'c', 'd');
    world.behaviour.set('shop/job@1', { state: 'completed', exitCode: 0 });
    deployed(world, service('job', { restart: { condition: 'none', delayMs: 0 } }));
    const [host = ''] = hosts(world, 'job');
    vanish(world, host);
    pass(world, 3 * minute);
    expect(ids(world)).toEqual(['shop-job-1-r1']);
  });

  it('counts from when the server listens again: a restart evicts nobody', () => {
    const world = deployed(fleet('a', 'b', 'c', 'd'), service('web', {}, { replicas: 4 }));
    for (const name of 'abcd') vanish(world, name);
    world.now += 3_600 * second;
    world.listeningSince = world.now;
    world.step();
    expect(hosts(world)).toEqual(['a', 'b', 'c', 'd']);
    world.offline.clear();
    world.settle();
    expect(ids(world)).toEqual([1, 2, 3, 4].map((n) => `shop-web-${n}-r1`));
  });

  it('stays lost over a restart of the server', () => {
    const world = deployed(fleet('a', 'b', 'c', 'd'), withData('db'));
    const [host = ''] = hosts(world, 'db');
    vanish(world, host);
    pass(world, 3 * minute);
    const since = world.plan.machines?.[host]?.lostSince;
    world.listeningSince = world.now;
    pass(world, minute);
    expect(since).toBeDefined();
    expect(world.plan.machines?.[host]?.lostSince).toBe(since);
  });

  it('is waited for as long as its pool says', () => {
    const world = deployed(fleet('app-1', 'app-2', 'app-3'), service('web', {}, { replicas: 3 }));
    const pool = {
      name: 'app',
      provider: 'local',
      count: 3,
      labels: {},
      size: {},
      replaceAfterMs: 10_000,
    } as const;
    world.policy = { ...world.policy, fleet: { ...world.policy.fleet, pools: { app: pool } } };
    vanish(world, 'app-3');
    pass(world, 10 * second, second);
    expect(hosts(world)).toEqual(['app-1', 'app-1', 'app-2']);
  });
});

describe('a machine that comes in the place of a lost one', () => {
  it('is filled with what its predecessor ran, each leaving its other machine only after it is healthy', () => {
    const world = deployed(fleet('a', 'b', 'c', 'd'), service('web', {}, { replicas: 8 }));
    expect(hosts(world).filter((name) => name === 'd')).toHaveLength(2);
    vanish(world, 'd');
    pass(world, 3 * minute);
    expect(hosts(world)).not.toContain('d');
    world.replace('d');
    const begun = world.history.length;
    world.settle();
    expect(hosts(world)).toEqual(['a', 'a', 'b', 'b', 'c', 'c', 'd', 'd']);
    for (const { replicas } of world.history.slice(begun)) {
      const serving = Object.values(replicas).filter(({ phase }) => phase === 'serving');
      expect(serving.length).toBeGreaterThanOrEqual(8);
    }
    expect(world.plan.machines?.['d']).toEqual({ index: 5 });
    expect(world.step()).toBe(false);
  });
});

describe('a volume on a lost machine', () => {
  it('is waited for, with what a person can do', () => {
    const world = deployed(fleet('a', 'b', 'c'), withData('db'), service('web'));
    vanish(world, 'a');
    pass(world, 5 * minute);
    expect(hosts(world, 'db')).toEqual(['a']);
    expect(waits(world)).toEqual([
      'volume data lives on a, which is away; bring it back, or give its data up: ballast machine replace a --force a',
    ]);
    world.offline.clear();
    world.settle();
    expect(waits(world)).toEqual([]);
    expect(hosts(world, 'db')).toEqual(['a']);
  });

  it('begins anew elsewhere where on_loss says recreate', () => {
    const world = deployed(fleet('a', 'b', 'c'), withData('db', { onLoss: 'recreate' }));
    vanish(world, 'a');
    pass(world, 5 * minute);
    expect(hosts(world, 'db')).toEqual(['b']);
    expect(world.plan.volumes).toEqual({ 'shop/data': 'b' });
    world.offline.clear();
    world.settle();
    expect(hosts(world, 'db')).toEqual(['b']);
    expectOneOfEach(world);
  });

  it('is waited for where on_loss says restore, since there is no backup', () => {
    const world = deployed(fleet('a', 'b', 'c'), withData('db', { onLoss: 'restore' }));
    vanish(world, 'a');
    pass(world, 5 * minute);
    expect(hosts(world, 'db')).toEqual(['a']);
    expect(waits(world)[0]).toContain('there is no backup that could be restored by itself');
  });

  it('is never made anew on the successor of its machine unasked', () => {
    const world = deployed(fleet('a', 'b', 'c'), withData('db'));
    world.replace('a');
    world.settle();
    expect(hosts(world, 'db')).toEqual([]);
    expect(world.plan.lostVolumes).toEqual({ 'shop/data': 'a' });
    expect(waits(world)).toEqual([
      'volume data went with a; to begin with an empty one deploy it with x-ballast: { on_loss: recreate }',
    ]);
    world.want('shop', release('shop', 2, [withData('db', { onLoss: 'recreate' })]));
    world.settle();
    expect(hosts(world, 'db')).toHaveLength(1);
    expect(world.plan.lostVolumes).toBeUndefined();
  });

  it('is waited for when one of two services that share it wants that', () => {
    const world = deployed(fleet('a', 'b', 'c'), withData('db', { onLoss: 'recreate' }), withData('log'));
    vanish(world, 'a');
    pass(world, 5 * minute);
    expect([...hosts(world, 'db'), ...hosts(world, 'log')]).toEqual(['a', 'a']);
  });
});

describe('when many machines vanish at once', () => {
  it.each([
    ['2 of 2', 2, 2],
    ['2 of 3', 3, 2],
    ['2 of 5', 5, 2],
    ['3 of 8', 8, 3],
  ])('%s: nothing is taken from them until they return', (_, all, gone) => {
    const names = Array.from({ length: all }, (__, n) => `m-${n + 1}`);
    const world = deployed(fleet(...names), service('web', {}, { replicas: all }));
    vanish(world, ...names.slice(0, gone));
    const before = ids(world);
    pass(world, 30 * minute, 30 * second);
    expect(ids(world)).toEqual(before);
    expect(world.plan.machines?.['m-1']?.heldSince).toBeDefined();
    world.offline.clear();
    world.settle();
    expect(ids(world)).toEqual(before);
    expect(world.plan.machines?.['m-1']).toEqual({ index: 1 });
  });

  it.each([
    ['1 of 2', 2, 1],
    ['1 of 3', 3, 1],
    ['2 of 6', 6, 2],
    ['3 of 9', 9, 3],
  ])('%s is an ordinary loss', (_, all, gone) => {
    const names = Array.from({ length: all }, (__, n) => `m-${n + 1}`);
    const world = deployed(fleet(...names), service('web', {}, { replicas: all }));
    vanish(world, ...names.slice(0, gone));
    pass(world, 3 * minute);
    expect(hosts(world)).not.toContain('m-1');
  });

  it('those still away after the others returned get their time anew', () => {
    const world = deployed(fleet('a', 'b', 'c'), service('web', {}, { replicas: 3 }));
    vanish(world, 'a', 'b');
    pass(world, 10 * minute);
    world.offline.delete('a');
    pass(world, minute);
    expect(hosts(world)).toEqual(['a', 'b', 'c']);
    pass(world, 2 * minute);
    expect(hosts(world)).not.toContain('b');
  });

  it('a third that vanishes later is held with them', () => {
    const world = deployed(fleet('a', 'b', 'c', 'd', 'e'), service('web', {}, { replicas: 5 }));
    vanish(world, 'a', 'b');
    pass(world, 5 * minute);
    vanish(world, 'c');
    pass(world, 10 * minute);
    expect(hosts(world)).toEqual(['a', 'b', 'c', 'd', 'e']);
  });

  it('machines that vanish one after the other are ordinary losses', () => {
    const world = deployed(fleet('a', 'b', 'c', 'd'), service('web', {}, { replicas: 4 }));
    vanish(world, 'a');
    pass(world, 90 * second);
    vanish(world, 'b');
    pass(world, 4 * minute);
    expect(hosts(world)).toEqual(['c', 'c', 'd', 'd']);
  });
});

describe('a machine that is drained', () => {
  const drain = (world: World, name: string): void =>
    world.machine(name, { schedulable: false, draining: { since: world.now, then: 'stay', by: 'ana' } });

  it('is left only after its replicas are healthy elsewhere, one after the other', () => {
    const world = deployed(fleet('a', 'b'), service('web', {}, { replicas: 4 }));
    const begun = world.history.length;
    drain(world, 'a');
    world.settle();
    expect(hosts(world)).toEqual(['b', 'b', 'b', 'b']);
    for (const plan of world.history.slice(begun)) {
      const all = Object.values(plan.replicas);
      expect(all.filter(({ phase }) => phase === 'serving').length).toBeGreaterThanOrEqual(4);
      expect(all.filter(({ phase }) => phase === 'starting').length).toBeLessThanOrEqual(1);
    }
    expect(world.step()).toBe(false);
  });

  it('keeps its replica while the successor does not get well', () => {
    const world = deployed(fleet('a', 'b'), service('web', {}, { replicas: 2 }));
    world.behaviour.set('shop-web-1-r1-2', { state: 'unhealthy' });
    drain(world, 'a');
    pass(world, 10 * minute);
    expect(hosts(world)).toContain('a');
    expect(Object.values(world.plan.replicas).filter(({ phase }) => phase === 'serving')).toHaveLength(2);
  });

  it('keeps what has no room elsewhere, and the plan says what is missing', () => {
    const GiB = 1024 ** 3;
    const world = new World({ a: { memoryBytes: 2 * GiB }, b: { memoryBytes: GiB } });
    deployed(world, service('web', {}, { reservations: { memoryBytes: 1.5 * GiB } }));
    drain(world, 'a');
    world.settle();
    expect(hosts(world)).toEqual(['a']);
    expect(waits(world)[0]).toContain('needs 1.5 GiB of memory');
  });

  it('keeps the service whose volume it holds', () => {
    const world = deployed(fleet('a', 'b'), withData('db'));
    drain(world, 'a');
    world.settle();
    expect(hosts(world, 'db')).toEqual(['a']);
    expect(waits(world)).toEqual([
      'shop-db-1-r1 stays on a, which is being drained: volume data lives there',
    ]);
  });

  it('stops first what must not run twice, once there is a place for it', () => {
    const base = service('one').deploy.update;
    const update = { ...base, order: 'stop-first' } as const;
    const world = deployed(fleet('a', 'b'), service('one', {}, { update }));
    const begun = world.history.length;
    drain(world, 'a');
    world.settle();
    expect(hosts(world, 'one')).toEqual(['b']);
    for (const plan of world.history.slice(begun))
      expect(Object.keys(plan.replicas).length).toBeLessThanOrEqual(1);
  });

  it('gets its replicas back when it is opened again, and what was under way ends well', () => {
    const world = deployed(fleet('a', 'b'), service('web', {}, { replicas: 2 }));
    drain(world, 'a');
    world.step();
    const { draining: _, ...open } = world.policy.machines['a'] as NonNullable<
      (typeof world.policy.machines)[string]
    >;
    world.policy = {
      ...world.policy,
      machines: { ...world.policy.machines, a: { ...open, schedulable: true } },
    };
    world.settle();
    expect(Object.keys(world.plan.replicas)).toHaveLength(2);
    expect(world.step()).toBe(false);
  });

  it('loses its global replicas last; one that is only closed keeps them', () => {
    const world = deployed(
      fleet('a', 'b'),
      service('web', {}, { replicas: 2 }),
      service('log', {}, { mode: 'global' }),
    );
    world.machine('a', { schedulable: false });
    world.settle();
    expect(hosts(world, 'log')).toEqual(['a', 'b']);
    const begun = world.history.length;
    drain(world, 'a');
    world.settle();
    expect(hosts(world, 'log')).toEqual(['b']);
    for (const { replicas } of world.history.slice(begun)) {
      const on = Object.values(replicas).filter(
        ({ machine, phase }) => machine === 'a' && phase === 'serving',
      );
      if (on.some((replica) => replica.service === 'web'))
        expect(on.map((one) => one.service)).toContain('log');
    }
  });

  it('while it is away is left too, and what it ran does not come back twice', () => {
    const world = deployed(fleet('a', 'b', 'c'), service('web', {}, { replicas: 3 }));
    vanish(world, 'a');
    drain(world, 'a');
    pass(world, minute);
    expect(hosts(world)).not.toContain('a');
    world.offline.clear();
    world.settle();
    expectOneOfEach(world);
  });
});
