import { expect, test } from 'vitest';
import { checksOf } from './path-checks.ts';

const ends = { from: 'shop-web-1-r1', machine: 'app-1', to: 'shop-db-1-r1', toMachine: 'app-2' };

test('of a broken way the hops up to the first broken one are told', () => {
  const checks = checksOf({
    ...ends,
    hops: [
      { hop: 'name', state: 'ok', what: 'db is 10.92.0.7' },
      { hop: 'route', state: 'broken', what: 'no route', fix: 'ballast repair app-1' },
      { hop: 'connection', state: 'broken', what: 'no answer' },
    ],
  });
  expect(checks).toEqual([
    { group: 'shop-web-1-r1 on app-1 to shop-db-1-r1 on app-2', ok: true, what: 'name: db is 10.92.0.7' },
    {
      group: 'shop-web-1-r1 on app-1 to shop-db-1-r1 on app-2',
      ok: false,
      what: 'route: no route',
      fix: 'ballast repair app-1',
    },
  ]);
});
