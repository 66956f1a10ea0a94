import { expect, test } from 'vitest';
import type { MachineNetwork } from '#plan/machine-network.ts';
import { release, service, World } from '#test/sim/world.ts';
import { refuseMeeting } from './newcomer.ts';

const joins = (network: MachineNetwork) => () => {
  const world = new World({});
  const front = { name: 'front', internal: false, external: false, labels: {}, subnets: ['172.20.0.0/24'] };
  world.want('shop', release('shop', 1, [service('web')], { networks: { default: front } }));
  refuseMeeting(world.policy, 'app-9', [network]);
};

test.each<[string, MachineNetwork, string]>([
  [
    'the containers’',
    { interface: 'docker0', cidr: '10.91.0.0/24' },
    'network.containers 10.91.0.0/16 meets 10.91.0.0/24 on docker0',
  ],
  [
    'the services’',
    { interface: 'tun0', cidr: '10.92.7.0/24', routed: true },
    'network.services 10.92.0.0/16 meets a route to 10.92.7.0/24 by tun0',
  ],
  [
    'an app’s',
    { interface: 'br-lan', cidr: '172.16.0.0/12' },
    'the subnet of a Compose network 172.20.0.0/24 meets 172.16.0.0/12 on br-lan',
  ],
])('a machine that has %s network itself is refused, with the interface', (_, network, why) => {
  expect(joins(network)).toThrow('app-9 cannot join: it has a network that the fleet uses');
  expect(joins(network)).toThrow(
    expect.objectContaining({ detail: expect.objectContaining({ why }) as unknown }),
  );
});

test.each<[string, MachineNetwork]>([
  ['where machines are', { interface: 'host0', cidr: '10.90.0.0/24' }],
  ['that is wide and elsewhere', { interface: 'host0', cidr: '10.0.0.0/8', routed: true }],
])('a network %s is none of the fleet’s business', (_, network) => {
  expect(joins(network)).not.toThrow();
});
