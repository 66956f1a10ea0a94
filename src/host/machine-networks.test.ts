import { expect, test } from 'vitest';
import { networksIn } from './machine-networks.ts';

test('networks of the machine are told, those of the fleet and the way to the world are not', () => {
  const printed = [
    { dst: 'default', gateway: '10.90.0.254', dev: 'host0', protocol: 'static' },
    { dst: '10.90.0.0/24', dev: 'host0', protocol: 'kernel' },
    { dst: '10.91.1.0/24', dev: 'br-ballast', protocol: 'kernel' },
    { dst: '10.91.2.0/24', gateway: '10.90.0.2', dev: 'host0', protocol: '91' },
    { dst: '10.92.0.0/16', dev: 'br-ballast', protocol: '91' },
    { dst: '10.91.3.0/24', dev: 'ballast-mesh', protocol: 'boot' },
    { dst: '10.91.0.0/16', protocol: '92' },
    { dst: '172.17.0.0/16', dev: 'docker0', protocol: 'kernel' },
    { dst: '10.0.0.0/8', gateway: '10.90.0.9', dev: 'host0', protocol: 'bgp' },
    { dst: '192.0.2.7', dev: 'tun0', protocol: 'boot' },
    { dev: 'tun1' },
  ];
  expect(networksIn(printed)).toEqual([
    { interface: 'docker0', cidr: '172.17.0.0/16' },
    { interface: 'host0', cidr: '10.0.0.0/8', routed: true },
    { interface: 'host0', cidr: '10.90.0.0/24' },
    { interface: 'tun0', cidr: '192.0.2.7/32' },
  ]);
});
