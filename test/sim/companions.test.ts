import { describe, expect, it } from 'vitest';
import { checkPlan } from '#plan/check.ts';
import type { Plan, Replica } from '#plan/model.ts';
import { beside } from './sketch.ts';
import { release, service, World } from './world.ts';

/* Services whose replicas share the network of another's: network_mode: service:web. */

const GiB = 1024 ** 3;
const three = { 'app-1': {}, 'app-2': {}, 'app-3': {} };
const image = (n: number) => ({ image: `registry.internal:5000/x@sha256:${String(n).repeat(64)}` });
const web = (n: number, replicas = 3) => service('web', image(n), { replicas });
const log = (n: number, replicas = 3, deploy = {}) =>
  beside('web', service('log', image(n)), { replicas, ...deploy });

const of = (plan: Plan, name: string): readonly Replica[] =>
  Object.values(plan.replicas).filter((one) => one.service === name);

/** Where each companion stands: `log-1-r1 beside web-1-r1 on app-1`. */
const pairs = (plan: Plan): readonly string[] =>
  of(plan, 'log').map(({ id, beside: owner, machine }) => `${id} beside ${owner} on ${machine}`);

function shop(...releases: readonly (readonly ReturnType<typeof service>[])[]): World {
  const world = new World(three);
  for (const [n, services] of releases.entries()) {
    world.want('shop', release('shop', n + 1, services));
    world.settle();
    expect(world.plan.waiting).toEqual([]);
  }
  return world;
}

describe('a service that shares the network of another', () => {
  it('has one replica beside each of that, with its address', () => {
    const { plan } = shop([web(1), log(1)]);
    expect(pairs(plan)).toEqual([
      'shop-log-1-r1 beside shop-web-1-r1 on app-1',
      'shop-log-2-r1 beside shop-web-2-r1 on app-2',
      'shop-log-3-r1 beside shop-web-3-r1 on app-3',
    ]);
    expect(of(plan, 'log').map(({ address }) => address)).toEqual(
      of(plan, 'web').map(({ address }) => address),
    );
    expect(plan.apps['shop']?.phase).toBe('steady');
  });

  it('is made anew with it, and the old pair leaves only when both of the new one are well', () => {
    const world = shop([web(1, 1), log(1, 1)]);
    const begun = world.history.length;
    world.behaviour.set('shop/log@2', { state: 'starting' });
    world.want('shop', release('shop', 2, [web(2, 1), log(1, 1)]));
    for (let round = 0; round < 5; round += 1) world.step();
    expect(Object.values(world.plan.replicas).map(({ id, phase }) => `${id} ${phase}`)).toEqual([
      'shop-log-1-r1 serving',
      'shop-log-1-r2 starting',
      'shop-web-1-r1 serving',
      'shop-web-1-r2 starting',
    ]);
    world.behaviour.clear();
    world.settle();
    expect(pairs(world.plan)).toEqual(['shop-log-1-r2 beside shop-web-1-r2 on app-2']);
    for (const plan of world.history.slice(begun)) {
      expect(of(plan, 'web').some(({ phase }) => phase === 'serving')).toBe(true);
    }
  });

  it('is replaced where it stands when only it changes, a few at a time, the old one first', () => {
    const world = shop([web(1), log(1)]);
    const before = of(world.plan, 'web').map(({ id }) => id);
    const begun = world.history.length;
    world.want('shop', release('shop', 2, [web(1), log(2)]));
    world.settle();
    expect(of(world.plan, 'web').map(({ id }) => id)).toEqual(before);
    expect(pairs(world.plan)).toEqual([
      'shop-log-1-r2 beside shop-web-1-r1 on app-1',
      'shop-log-2-r2 beside shop-web-2-r1 on app-2',
      'shop-log-3-r2 beside shop-web-3-r1 on app-3',
    ]);
    for (const plan of world.history.slice(begun)) {
      expect(of(plan, 'log').length).toBeGreaterThanOrEqual(2);
      expect(new Set(of(plan, 'log').map(({ beside: owner }) => owner)).size).toBe(of(plan, 'log').length);
    }
  });

  it('that fails takes both back to the release before', () => {
    const world = shop([web(1), log(1)]);
    world.behaviour.set('shop/log@2', { state: 'failed', exitCode: 2 });
    world.want('shop', release('shop', 2, [web(2), log(2)]));
    world.settle();
    expect(world.plan.apps['shop']).toMatchObject({
      phase: 'failed',
      target: 1,
      failure: { service: 'log' },
    });
    expect(pairs(world.plan).every((text) => text.includes('web') && text.includes('-r1 on'))).toBe(true);
    expect(pairs(world.plan)).toHaveLength(3);
  });

  it('is scaled together with it', () => {
    const world = shop([web(1, 1), log(1, 1)], [web(1, 3), log(1, 3)]);
    expect(pairs(world.plan)).toHaveLength(3);
    expect(shop([web(1, 3), log(1, 3)], [web(1, 1), log(1, 1)]).plan.replicas).toMatchObject({
      'shop-web-1-r1': {},
      'shop-log-1-r1': { beside: 'shop-web-1-r1' },
    });
  });

  it('moves with it from a machine that is drained, and from one that is lost', () => {
    const world = shop([web(1), log(1)]);
    world.machine('app-1', { draining: { since: world.now, then: 'stay', by: 'test' } });
    world.settle();
    expect(Object.values(world.plan.replicas).map(({ machine }) => machine)).not.toContain('app-1');
    world.offline.add('app-2');
    world.settle();
    const alive = Object.values(world.plan.replicas);
    expect(alive.map(({ machine }) => machine)).toEqual(Array.from({ length: 6 }, () => 'app-3'));
    expect(checkPlan(world.policy, world.inventory(), world.plan)).toEqual([]);
  });

  it('counts where the other is placed: both need room there', () => {
    const world = new World({ small: { memoryBytes: 2 * GiB }, large: { memoryBytes: 4 * GiB } });
    const reservations = { memoryBytes: 1.5 * GiB };
    const pair = [service('web', image(1), { reservations }), log(1, 1, { reservations })];
    world.want('shop', release('shop', 1, pair));
    world.settle();
    expect(pairs(world.plan)).toEqual(['shop-log-1-r1 beside shop-web-1-r1 on large']);
  });

  it('brings its own constraints to where the other is placed', () => {
    const world = new World({ 'app-1': {}, 'app-2': { labels: { disk: 'fast' } } });
    const constraints = [{ key: 'node.labels.disk', equal: true, value: 'fast' }];
    world.want('shop', release('shop', 1, [web(1, 1), log(1, 1, { constraints })]));
    world.settle();
    expect(pairs(world.plan)).toEqual(['shop-log-1-r1 beside shop-web-1-r1 on app-2']);
  });

  it('waits for what it depends on, and the other one takes no traffic before', () => {
    const world = shop([service('db'), web(1, 1)]);
    const patient = {
      ...log(1, 1),
      dependsOn: [
        { service: 'db', condition: 'healthy', restart: false, required: true } as const,
        ...log(1, 1).dependsOn,
      ],
    };
    world.behaviour.set('shop/db@2', { state: 'starting' });
    world.want('shop', release('shop', 2, [service('db', image(2)), web(2, 1), patient]));
    for (let round = 0; round < 5; round += 1) world.step();
    expect(world.plan.waiting).toEqual([{ app: 'shop', service: 'log', what: 'waits for db to be healthy' }]);
    expect(world.plan.replicas['shop-web-1-r2']?.phase).toBe('starting');
    world.behaviour.clear();
    world.settle();
    expect(pairs(world.plan)).toHaveLength(1);
  });

  it('comes to share a network, and comes to have its own again, in rollouts like any other', () => {
    const own = service('log', image(1), { replicas: 3 });
    const world = shop([web(1), own], [web(1), log(1)]);
    expect(pairs(world.plan)).toHaveLength(3);
    expect(of(world.plan, 'log').every(({ beside: owner }) => owner !== undefined)).toBe(true);
    world.want('shop', release('shop', 3, [web(1), own]));
    world.settle();
    expect(of(world.plan, 'log').every(({ beside: owner }) => owner === undefined)).toBe(true);
    world.want('shop', release('shop', 4, [own]));
    world.settle();
    expect(Object.values(world.plan.replicas).map(({ service: name }) => name)).toEqual([
      'log',
      'log',
      'log',
    ]);
  });
});
