import { expect, test } from 'vitest';
import { release, service, World } from '#test/sim/world.ts';
import { namesByApp } from './names.ts';
import { sharedTable } from './traffic/table.ts';

/** Names of an app, each with the addresses it leads to. */
function names(
  ...services: readonly ReturnType<typeof service>[]
): Readonly<Record<string, readonly string[]>> {
  const world = new World({ 'app-1': {} });
  world.want('shop', release('shop', 1, services));
  world.settle();
  const text = namesByApp(sharedTable(world.policy, world.plan)).get('shop') ?? '';
  const pairs = text.split('\n').flatMap((line) => {
    const [address = '', ...all] = line.split(' ');
    return all.filter((name) => name.endsWith('.internal')).map((name) => [name, address] as const);
  });
  const grouped = Map.groupBy(pairs, ([name]) => name);
  return Object.fromEntries([...grouped].map(([name, found]) => [name, found.map(([, address]) => address)]));
}

test('a service that is called as a replica of another would be has that name for itself', () => {
  const found = names(
    service('web', {}, { replicas: 2, endpointMode: 'vip' }),
    service('web-2', {}, { endpointMode: 'vip' }),
  );
  expect(found['web-2.shop.internal']).toEqual([expect.stringMatching(/^10\.92\./)]);
  expect(found['web-1.shop.internal']).toEqual([expect.stringMatching(/^10\.91\.1\./)]);
});

test('an alias that two services share leads to both, and none to a service without a network', () => {
  const on = { networks: { default: { aliases: ['api'] } } };
  const found = names(
    service('a', on),
    service('b', on),
    service('c', { networkMode: 'none', networks: {} }),
  );
  expect(found['api.shop.internal']).toHaveLength(2);
  expect(Object.keys(found)).not.toContain('c.shop.internal');
});
