import { expect, test } from 'vitest';
import { fleetName, linkOf, nspawnName, portOf, runDirOf } from './names.ts';

test.each([
  ['demo', 'bl-demo'],
  ['twelve-chars', 'bl-twelve-chars'],
])('the fleet %s is called %s on this computer', (fleet, name) => {
  expect(fleetName(fleet)).toBe(name);
});

test('a long fleet name still gives a link name that the kernel takes, and another one than a similar fleet has', () => {
  const [one, two] = ['acme-production-a', 'acme-production-b'].map(linkOf);
  expect(one).toMatch(/^bl-acme-[0-9a-f-]{7}$/);
  expect(one?.length).toBeLessThanOrEqual(15);
  expect(one).not.toBe(two);
});

test('a machine is called by its address where names must be short, and so is its port on the bridge', () => {
  expect(nspawnName('10.90.0.254')).toBe('m0a5a00fe');
  expect(portOf('255.255.255.255').length).toBeLessThanOrEqual(15);
});

test('a control socket has a path that the kernel takes, whatever fleet and machine are called', () => {
  expect(`${runDirOf('a'.repeat(63))}/${'m'.repeat(63)}.sock.1234567`.length).toBeLessThan(108);
});
