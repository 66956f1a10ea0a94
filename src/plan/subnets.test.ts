import { describe, expect, test } from 'vitest';
import { release, service, World } from '#test/sim/world.ts';
import type { MachineNetwork } from './machine-network.ts';
import { meets } from './machine-networks.ts';
import type { Inventory } from './model.ts';
import { addressClashes } from './subnets.ts';

const at = { file: 'compose.yaml', line: 9, column: 5 };

function shop(app: string, subnet: string | undefined, address?: string, name = `${app}_front`) {
  const front = {
    ...{ name, internal: false, external: subnet === undefined, labels: {} },
    ...(subnet === undefined ? {} : { subnets: [subnet] }),
  };
  const web = service('web', { networks: { front: { aliases: [], ...(address ? { address } : {}) } } });
  const origins = {
    'networks.front.ipam.config.0.subnet': at,
    'services.web.networks.front.ipv4_address': at,
  };
  return { ...release(app, 1, [web], { networks: { front } }), origins };
}

const nobody: Inventory = { machines: {} };

function problems(subnet: string | undefined, address?: string, name?: string, inventory = nobody) {
  const world = new World({ 'app-1': {} });
  world.want('other', shop('other', '172.20.0.0/24', '172.20.0.5', 'common'));
  return addressClashes(world.policy, shop('shop', subnet, address, name), inventory);
}

test.each<[string, Parameters<typeof problems>, RegExp]>([
  ['the containers', ['10.91.7.0/24'], /overlaps with network\.containers 10\.91\.0\.0\/16 of the fleet/],
  ['the services', ['10.0.0.0/8'], /overlaps with network\.services 10\.92\.0\.0\/16 of the fleet/],
  ['another app', ['172.20.0.128/25'], /overlaps with 172\.20\.0\.0\/24 of the network common of app other/],
  [
    'an address',
    ['172.20.0.0/24', '172.20.0.5', 'common'],
    /172\.20\.0\.5 of service web is taken by service web of app other/,
  ],
  ['a shared network', [undefined, '172.21.0.5', 'common'], /not of the network common/],
  ['a network of nobody', [undefined, '172.21.0.5', 'unknown'], /not of the network unknown/],
])('what %s has is refused, with its place', (_, input, what) => {
  const found = problems(...input);
  expect(found.map((problem) => problem.what)).toContainEqual(expect.stringMatching(what));
  expect(found.every((problem) => problem.at === at && problem.fix)).toBe(true);
});

test.each<[string, Parameters<typeof problems>]>([
  ['of its own', ['172.21.0.0/24', '172.21.0.5']],
  ['of a network that another app describes', [undefined, '172.20.0.6', 'common']],
  ['of a network that both describe alike', ['172.20.0.0/24', '172.20.0.6', 'common']],
])('an address %s is fine', (_, input) => {
  expect(problems(...input)).toEqual([]);
});

test('a subnet that a machine has itself is refused by the names of machine and interface', () => {
  const world = new World({ 'app-1': {} });
  const { machines } = world.inventory();
  const one = machines['app-1'];
  if (one === undefined) throw new Error('no machine');
  const networks = [{ interface: 'docker0', cidr: '172.17.0.0/16' }];
  const inventory = { machines: { 'app-1': { ...one, facts: { ...one.facts, networks } } } };
  expect(problems('172.17.5.0/24', undefined, undefined, inventory)).toMatchObject([
    {
      code: 'network-on-machine',
      what: 'networks.front: the subnet 172.17.5.0/24 meets a network of app-1: 172.17.0.0/16 on docker0',
      at,
    },
  ]);
});

describe('a range of the fleet', () => {
  test.each<[string, MachineNetwork, boolean]>([
    ['meets a network the machine is on, wide or narrow', { interface: 'a', cidr: '10.0.0.0/8' }, true],
    ['meets a single address', { interface: 'a', cidr: '10.91.4.7/32' }, true],
    ['meets a route into it', { interface: 'a', cidr: '10.91.4.0/24', routed: true }, true],
    ['goes before a wider route', { interface: 'a', cidr: '10.0.0.0/8', routed: true }, false],
    ['does not meet what is elsewhere', { interface: 'a', cidr: '192.168.0.0/16' }, false],
  ])('%s', (_, network, expected) => {
    expect(meets('10.91.0.0/16', [network]) !== undefined).toBe(expected);
  });
});
