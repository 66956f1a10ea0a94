import { expect, test } from 'vitest';
import { trafficOf } from '#compile/traffic/traffic.ts';
import { placedReplicas } from '#compile/view.ts';
import { release, service, World } from '#test/sim/world.ts';
import { endOf, serviceOf } from './ends.ts';

function traffic() {
  const world = new World({ 'app-1': {}, web: {} });
  world.want('shop', release('shop', 1, [service('web'), service('db')]));
  world.want(
    'press',
    release('press', 1, [service('web'), service('own', { networkMode: 'host', networks: {} })]),
  );
  world.settle();
  return trafficOf(world.policy, world.plan, placedReplicas(world.policy, world.plan));
}

test.each([
  ['db', undefined, 'shop/db'],
  ['web', 'press', 'press/web'],
  ['press/web', 'shop', 'press/web'],
])('%s within %s is %s', (word, app, key) => {
  expect(serviceOf(traffic(), word, app).key).toBe(key);
});

test('a service goes before a machine of its name, which has a word of its own', () => {
  expect(endOf(traffic(), 'web', 'shop')).toMatchObject({ kind: 'service', service: { key: 'shop/web' } });
  expect(endOf(traffic(), 'machine/web', 'shop')).toMatchObject({ kind: 'machine' });
  expect(endOf(traffic(), 'app-1', 'shop')).toMatchObject({ kind: 'machine' });
  expect(endOf(traffic(), 'internet', undefined)).toEqual({ kind: 'internet' });
});

test.each([
  ['web', undefined, { code: 'usage', detail: { why: 'several apps have one: press/web, shop/web' } }],
  ['dbb', 'shop', { code: 'not-found', detail: { fix: 'did you mean db?' } }],
  ['own', 'press', { code: 'not-supported', detail: { why: 'its network_mode is host' } }],
])('%s within %s is refused with what may have been meant', (word, app, error) => {
  expect(() => serviceOf(traffic(), word, app)).toThrow(
    expect.objectContaining({
      ...error,
      ...(error.detail ? { detail: expect.objectContaining(error.detail) as unknown } : {}),
    }),
  );
});
