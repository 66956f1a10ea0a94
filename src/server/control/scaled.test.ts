import { expect, test } from 'vitest';
import { beside } from '#test/sim/sketch.ts';
import { release, service } from '#test/sim/world.ts';
import { scaled } from './scaled.ts';

const shop = release('shop', 1, [service('web'), beside('web', service('log')), service('db')]);
const counts = (wanted: Record<string, number>): unknown =>
  Object.fromEntries(
    Object.entries(scaled(shop, wanted)).map(([name, { deploy }]) => [name, deploy.replicas]),
  );

test('what shares the network of a service is scaled with it', () => {
  expect(counts({ web: 3 })).toEqual({ web: 3, log: 3, db: 1 });
});

test.each([
  ['log', 'log cannot be scaled by itself'],
  ['webb', 'there is no service in shop webb'],
])('%s is not scaled: %s', (name, what) => {
  expect(() => counts({ [name]: 3 })).toThrow(what);
});
