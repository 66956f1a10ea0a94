import { describe, expect, it } from 'vitest';
import { checkPlan } from '#plan/check.ts';
import type { Plan } from '#plan/model.ts';
import { release, service, World } from './world.ts';

const three = { 'app-1': {}, 'app-2': {}, 'app-3': {} };
const image = (n: number) => ({ image: `registry.internal:5000/web@sha256:${String(n).repeat(64)}` });
const web = (n: number, replicas = 3, deploy = {}) => service('web', image(n), { replicas, ...deploy });
const ids = (plan: Plan) => Object.keys(plan.replicas);
const phases = (plan: Plan) => Object.values(plan.replicas).map(({ id, phase }) => `${id}:${phase}`);
const counted = (plan: Plan, phase: string) =>
  Object.values(plan.replicas).filter((one) => one.phase === phase).length;

describe('a first release', () => {
  it('puts one replica on each machine, serving at once', () => {
    const world = new World(three);
    world.want('shop', release('shop', 1, [web(1)]));
    world.settle();
    expect(Object.values(world.plan.replicas).map(({ machine }) => machine)).toEqual([
      'app-1',
      'app-2',
      'app-3',
    ]);
    expect(world.plan.apps['shop']).toMatchObject({ phase: 'steady', target: 1, healthy: 1 });
    expect(world.history[0] && counted(world.history[0], 'serving')).toBe(3);
  });

  it('is not healthy before the monitor time is over', () => {
    const world = new World(three);
    const monitored = web(1, 1, { update: { ...web(1).deploy.update, monitorMs: 5_000 } });
    world.want('shop', release('shop', 1, [monitored]));
    world.step();
    world.step();
    expect(world.plan.apps['shop']).toMatchObject({ phase: 'rolling', healthySince: 1_000_000 });
    world.settle();
    expect(world.plan.apps['shop']).toMatchObject({ phase: 'steady', since: 1_005_000 });
  });

  it('starts a service only when what it depends on is healthy', () => {
    const world = new World(three);
    const db = service('db');
    const app = service('web', {
      dependsOn: [{ service: 'db', condition: 'healthy', restart: false, required: true }],
    });
    world.behaviour.set('shop/db@1', { state: 'starting' });
    world.want('shop', release('shop', 1, [db, app]));
    for (let round = 0; round < 5; round += 1) world.step();
    expect(ids(world.plan)).toEqual(['shop-db-1-r1']);
    expect(world.plan.waiting).toEqual([{ app: 'shop', service: 'web', what: 'waits for db to be healthy' }]);
    world.behaviour.clear();
    world.settle();
    expect(ids(world.plan)).toEqual(['shop-db-1-r1', 'shop-web-1-r1']);
    expect(world.plan.waiting).toEqual([]);
  });

  it('that fails ends with nothing running and says what failed', () => {
    const world = new World(three);
    world.behaviour.set('shop/web@1', { state: 'failed', exitCode: 3, restarts: 3, log: ['boom'] });
    world.want('shop', release('shop', 1, [web(1)]));
    world.settle();
    expect(ids(world.plan)).toEqual([]);
    expect(world.plan.apps['shop']).toMatchObject({
      phase: 'failed',
      target: null,
      failure: {
        service: 'web',
        exitCode: 3,
        log: ['boom'],
        what: 'exited with code 3, started 4 times in all',
      },
    });
  });

  it('that never gets healthy fails at its deadline', () => {
    const world = new World(three);
    world.behaviour.set('shop/web@1', { state: 'starting', detail: 'GET /healthz answered 503' });
    world.want('shop', release('shop', 1, [web(1)]));
    world.settle();
    expect(world.plan.apps['shop']?.failure?.what).toMatch(/not healthy 5 minutes .*503/);
  });
});

describe('a later release', () => {
  it('replaces one replica after the other and never serves with fewer than before', () => {
    const world = new World(three);
    world.want('shop', release('shop', 1, [web(1)]));
    world.settle();
    const before = world.history.length;
    world.want('shop', release('shop', 2, [web(2)]));
    world.settle();
    const during = world.history.slice(before);
    expect(during.every((plan) => counted(plan, 'serving') >= 3)).toBe(true);
    expect(during.every((plan) => counted(plan, 'starting') <= 1)).toBe(true);
    expect(during.every((plan) => Object.keys(plan.replicas).length <= 5)).toBe(true);
    expect(ids(world.plan)).toEqual(['shop-web-1-r2', 'shop-web-2-r2', 'shop-web-3-r2']);
  });

  it('drains a replica before it goes', () => {
    const world = new World(three);
    world.want('shop', release('shop', 1, [web(1, 1)]));
    world.settle();
    const before = world.history.length;
    world.want('shop', release('shop', 2, [web(2, 1)]));
    world.settle();
    expect(world.history.slice(before).map(phases)).toEqual([
      ['shop-web-1-r1:serving', 'shop-web-1-r2:starting'],
      ['shop-web-1-r1:draining', 'shop-web-1-r2:serving'],
      ['shop-web-1-r2:serving'],
    ]);
  });

  it('stops first where it is told to, and at once when it is alone', () => {
    const world = new World(three);
    const deploy = { update: { ...web(1).deploy.update, order: 'stop-first' as const } };
    world.want('shop', release('shop', 1, [web(1, 1, deploy)]));
    world.settle();
    const before = world.history.length;
    world.want('shop', release('shop', 2, [web(2, 1, deploy)]));
    world.settle();
    expect(world.history.slice(before).map(ids)).toEqual([[], ['shop-web-1-r2'], ['shop-web-1-r2']]);
  });

  it('leaves alone services that did not change', () => {
    const world = new World(three);
    const db = service('db');
    world.want('shop', release('shop', 1, [web(1), db]));
    world.settle();
    world.want('shop', release('shop', 2, [web(2), db]));
    world.settle();
    expect(ids(world.plan)).toContain('shop-db-1-r1');
    expect(ids(world.plan)).toContain('shop-web-1-r2');
  });

  it('that fails goes back to exactly what was there', () => {
    const world = new World(three);
    world.want('shop', release('shop', 1, [web(1)]));
    world.settle();
    const before = world.plan.replicas;
    world.behaviour.set('shop/web@2', { state: 'failed', exitCode: 1, restarts: 3 });
    world.want('shop', release('shop', 2, [web(2)]));
    world.settle();
    expect(world.plan.replicas).toEqual(before);
    expect(world.plan.apps['shop']).toMatchObject({ phase: 'failed', target: 1, healthy: 1, wanted: 2 });
  });

  it('that fails halfway brings back what was already replaced', () => {
    const world = new World(three);
    world.want('shop', release('shop', 1, [web(1)]));
    world.settle();
    world.behaviour.set('shop-web-3-r2', { state: 'unhealthy', detail: 'GET / answered 500' });
    world.want('shop', release('shop', 2, [web(2)]));
    world.settle();
    expect(ids(world.plan)).toEqual(['shop-web-1-r1', 'shop-web-2-r1', 'shop-web-3-r1']);
    expect(world.plan.apps['shop']?.failure?.what).toBe('is unhealthy: GET / answered 500');
  });

  it('stays as it is after a failure when it is told to pause', () => {
    const world = new World(three);
    world.want('shop', release('shop', 1, [web(1)]));
    world.settle();
    world.behaviour.set('shop/web@2', { state: 'failed' });
    const update = { ...web(1).deploy.update, onFailure: 'pause' as const };
    world.want('shop', release('shop', 2, [web(2, 3, { update })]));
    world.settle();
    expect(world.plan.apps['shop']?.phase).toBe('paused');
    expect(ids(world.plan)).toEqual(['shop-web-1-r1', 'shop-web-1-r2', 'shop-web-2-r1', 'shop-web-3-r1']);
  });

  it('falls back to stopping first when both do not fit', () => {
    const world = new World({ 'app-1': { memoryBytes: 1024 ** 3 } });
    const deploy = { reservations: { memoryBytes: 700 * 1024 ** 2 } };
    world.want('shop', release('shop', 1, [web(1, 1, deploy)]));
    world.settle();
    world.want('shop', release('shop', 2, [web(2, 1, deploy)]));
    world.settle();
    expect(ids(world.plan)).toEqual(['shop-web-1-r2']);
    expect(world.history.flatMap((plan) => checkPlan(world.policy, world.inventory(), plan))).toEqual([]);
  });
});

describe('scaling', () => {
  it('adds and removes only what is asked for', () => {
    const world = new World(three);
    world.want('shop', release('shop', 1, [web(1, 2)]));
    world.settle();
    world.want('shop', release('shop', 2, [web(1, 5)]));
    world.settle();
    expect(ids(world.plan)).toEqual([
      'shop-web-1-r1',
      'shop-web-2-r1',
      'shop-web-3-r2',
      'shop-web-4-r2',
      'shop-web-5-r2',
    ]);
    world.want('shop', release('shop', 3, [web(1, 1)]));
    world.settle();
    expect(ids(world.plan)).toEqual(['shop-web-1-r1']);
  });

  it('follows the machines with mode global', () => {
    const world = new World({ ...three, 'db-1': { labels: { role: 'db' } } });
    const constraints = [{ key: 'node.labels.role', equal: false, value: 'db' }];
    world.want('shop', release('shop', 1, [service('log', {}, { mode: 'global', constraints })]));
    world.settle();
    expect(Object.values(world.plan.replicas).map(({ machine }) => machine)).toEqual([
      'app-1',
      'app-2',
      'app-3',
    ]);
  });
});

describe('a removed app', () => {
  it('leaves nothing but the place of its volumes', () => {
    const world = new World(three);
    const db = service('db', {
      mounts: [{ kind: 'volume', volume: 'data', target: '/data', readOnly: false, noCopy: false }],
    });
    world.want('shop', release('shop', 1, [db, web(1)]));
    world.settle();
    const home = world.plan.volumes['shop/data'];
    world.want('shop', null);
    world.settle();
    expect(world.plan.replicas).toEqual({});
    expect(world.plan.apps).toEqual({});
    expect(world.plan.volumes).toEqual({ 'shop/data': home });
    world.want('shop', release('shop', 2, [db, web(1)]));
    world.settle();
    expect(world.plan.replicas['shop-db-1-r2']?.machine).toBe(home);
  });
});

describe('a service that fits nowhere', () => {
  it('says which resource is short and by how much on the best machine', () => {
    const world = new World({ 'app-1': { memoryBytes: 1024 ** 3 }, 'app-2': { memoryBytes: 2 * 1024 ** 3 } });
    world.want(
      'shop',
      release('shop', 1, [service('big', {}, { reservations: { memoryBytes: 4 * 1024 ** 3 } })]),
    );
    world.settle();
    expect(world.plan.waiting[0]?.what).toBe(
      'needs 4 GiB of memory; the best machine, app-2, has 1.8 GiB free: 2.2 GiB short',
    );
  });

  it('names the rule that keeps each machine out', () => {
    const world = new World({ 'app-1': { labels: { zone: 'a' } } });
    const constraints = [{ key: 'node.labels.zone', equal: true, value: 'b' }];
    world.want('shop', release('shop', 1, [service('web', {}, { constraints })]));
    world.settle();
    expect(world.plan.waiting[0]?.what).toBe(
      'no machine is allowed: app-1: constraint node.labels.zone == b',
    );
  });
});

describe('a rolling update', () => {
  it('keeps the spread', () => {
    const world = new World(three);
    for (const n of [1, 2, 3]) {
      world.want('shop', release('shop', n, [web(n)]));
      world.settle();
      expect(
        Object.values(world.plan.replicas)
          .map(({ machine }) => machine)
          .sort(),
      ).toEqual(['app-1', 'app-2', 'app-3']);
    }
  });

  it('moves nothing when only the place of an image in the registry changed', () => {
    const world = new World(three);
    const at = (place: string) =>
      service('web', { image: `registry.internal:5000/${place}@sha256:${'1'.repeat(64)}` });
    world.want('shop', release('shop', 1, [at('shop/web')]));
    world.settle();
    world.want('shop', release('shop', 2, [at('shop/another')]));
    world.settle();
    expect(ids(world.plan)).toEqual(['shop-web-1-r1']);
  });
});
