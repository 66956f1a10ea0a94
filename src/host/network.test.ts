import { expect, test } from 'vitest';
import type { NetworkResource } from '#compile/manifest.ts';
import { correction } from './network.ts';
import type { LinkState, RouteState } from './network-state.ts';
import { routeTroubles, showTroubles } from './routes.ts';

const bridge: NetworkResource = {
  ...{ kind: 'network', id: 'network:br', interface: 'br', link: 'bridge', mac: '02:00:0a:5b:01:01' },
  ...{ addresses: ['10.91.1.1/24'], after: [], origin: 'network' },
  routes: [
    { to: '10.91.2.0/24', via: '10.90.0.2' },
    { to: '10.91.3.0/24', via: '10.90.0.3' },
  ],
};
const mesh: NetworkResource = {
  ...{ kind: 'network', id: 'network:wg', interface: 'wg', link: 'given', mtu: 1420, addresses: [] },
  ...{ after: [], origin: 'network', routes: [{ to: '10.93.0.2/32', dev: 'wg' }] },
};
const networks = [bridge, mesh];

const route = (to: string, more: Partial<RouteState> = {}): RouteState => ({
  ...{ to, via: undefined, dev: 'host0', source: undefined },
  ...more,
});
const right = [
  route('10.91.2.0/24', { via: '10.90.0.2' }),
  route('10.91.3.0/24', { via: '10.90.0.3' }),
  route('10.93.0.2', { dev: 'wg' }),
];
const up: LinkState = { up: true, mac: '02:00:0a:5b:01:01', mtu: 1500, addresses: ['10.91.1.1/24'] };

const lines = (link: LinkState | undefined, routes = right, loose: string[] = []) =>
  correction(bridge, networks, { link, routes, loose });

test('what is as it is to be gives nothing to do', () => {
  expect(lines(up)).toEqual([]);
  expect(routeTroubles(mesh, networks, right)).toEqual({ missing: [], unwanted: [] });
});

test('a missing bridge is made whole, with its containers and all its routes', () => {
  expect(lines(undefined, right, ['veth0'])).toEqual([
    'link add br address 02:00:0a:5b:01:01 type bridge',
    'address replace 10.91.1.1/24 dev br',
    'link set dev br up',
    'link set dev veth0 master br',
    'route replace 10.91.2.0/24 via 10.90.0.2 proto 91',
    'route replace 10.91.3.0/24 via 10.90.0.3 proto 91',
  ]);
});

test('an interface that a unit makes is not made here', () => {
  const done = correction(mesh, networks, { link: undefined, routes: right, loose: [] });
  expect(done.filter((line) => line.startsWith('link add'))).toEqual([]);
});

test('another address goes before the right one comes, which it could take with it', () => {
  expect(lines({ ...up, addresses: ['10.91.1.9/24'] }).slice(0, 2)).toEqual([
    'address delete 10.91.1.9/24 dev br',
    'address replace 10.91.1.1/24 dev br',
  ]);
});

test.each([
  ['missing', [right[0]], 'without 10.91.3.0/24', ['route replace 10.91.3.0/24 via 10.90.0.3 proto 91']],
  [
    'leading elsewhere',
    [right[0], route('10.91.3.0/24', { via: '10.90.0.9' })],
    'without 10.91.3.0/24',
    ['route replace 10.91.3.0/24 via 10.90.0.3 proto 91'],
  ],
  [
    'unwanted',
    [...right, route('10.99.0.0/16')],
    'with 10.99.0.0/16',
    ['route delete 10.99.0.0/16 proto 91'],
  ],
] as const)('a route that is %s is told and put right', (_, found, told, done) => {
  const seen = found.flatMap((one) => one ?? []);
  expect(showTroubles(routeTroubles(bridge, networks, seen))).toBe(told);
  expect(lines(up, seen)).toEqual(done);
});

test('a route that nobody asks for belongs to the network it leaves by', () => {
  const found = [...right, route('10.99.0.0/16', { dev: 'wg' })];
  expect(routeTroubles(bridge, networks, found).unwanted).toEqual([]);
  expect(routeTroubles(mesh, networks, found).unwanted).toEqual(['10.99.0.0/16']);
});
