import { expect, test } from 'vitest';
import { interfaceIn, isLoose, isOwnRoute } from './network.ts';

test.each([
  ['2: br-ballast: <BROADCAST,MULTICAST,UP> mtu 1500 qdisc noqueue state DOWN', 'br-ballast'],
  ['Deleted 2: br-ballast: <BROADCAST,MULTICAST> mtu 1500 qdisc noop state DOWN', 'br-ballast'],
  ['Deleted 2: br-ballast    inet 10.91.1.1/24 scope global br-ballast', 'br-ballast'],
  ['3: veth0@if2: <BROADCAST,UP> mtu 1500 master br-ballast state UP', 'veth0'],
  ['3: veth0@br-ballast: <BROADCAST,UP> mtu 1500 master br-ballast state UP', 'veth0'],
  ['Deleted 10.91.1.0/24 dev br-ballast proto kernel scope link', undefined],
])('%s is about %s', (line, subject) => {
  expect(interfaceIn(line)).toBe(subject);
});

test('routes of ours are told from those of others', () => {
  expect(isOwnRoute('Deleted 10.91.2.0/24 via 10.90.0.2 dev host0 proto 91 ')).toBe(true);
  expect(isOwnRoute('10.91.0.0/24 dev br-ballast proto kernel scope link ')).toBe(false);
});

test('a container that lost its bridge is told from one that never had it or is gone', () => {
  expect(isLoose('3: veth0@if2: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 state UP group default')).toBe(
    true,
  );
  expect(isLoose('3: veth0@if2: <BROADCAST,MULTICAST,UP> mtu 1500 master br-ballast state UP')).toBe(false);
  expect(isLoose('3: veth0@if2: <BROADCAST,MULTICAST> mtu 1500 state DOWN group default')).toBe(false);
  expect(isLoose('Deleted 3: veth0@if2: <BROADCAST,UP> mtu 1500 state UP')).toBe(false);
});
