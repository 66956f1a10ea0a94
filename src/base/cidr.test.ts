import { expect, test } from 'vitest';
import { contains, nthAddress, nthSubnet, overlaps, parseCidr, showCidr } from './cidr.ts';

const cidr = (text: string) => {
  const parsed = parseCidr(text);
  if (parsed === undefined) throw new Error(text);
  return parsed;
};

test.each(['10.0.0.0', '10.0.0.1/24', '10.0.0.0/33', '256.0.0.0/8', '010.0.0.0/8', 'a/8'])(
  '%s is no network',
  (text) => {
    expect(parseCidr(text)).toBeUndefined();
  },
);

test('a network shows as it was written', () => {
  for (const text of ['10.91.0.0/16', '0.0.0.0/0', '255.255.255.255/32']) {
    expect(showCidr(cidr(text))).toBe(text);
  }
});

test('addresses count from both ends', () => {
  expect(nthAddress(cidr('10.91.1.0/24'), 1)).toBe('10.91.1.1');
  expect(nthAddress(cidr('10.91.1.0/24'), -2)).toBe('10.91.1.254');
  expect(nthAddress(cidr('10.91.1.0/24'), 256)).toBeUndefined();
});

test('subnets count from the first', () => {
  const third = nthSubnet(cidr('10.91.0.0/16'), 24, 3);
  expect(third && showCidr(third)).toBe('10.91.3.0/24');
  expect(nthSubnet(cidr('10.91.0.0/16'), 24, 256)).toBeUndefined();
});

test('a network contains its addresses and subnets only', () => {
  expect(contains(cidr('10.91.0.0/16'), '10.91.255.255')).toBe(true);
  expect(contains(cidr('10.91.0.0/16'), '10.92.0.0')).toBe(false);
  expect(contains(cidr('10.91.0.0/16'), cidr('10.91.3.0/24'))).toBe(true);
  expect(contains(cidr('10.91.3.0/24'), cidr('10.91.0.0/16'))).toBe(false);
});

test('networks overlap when they share an address', () => {
  expect(overlaps(cidr('10.91.0.0/16'), cidr('10.91.3.0/24'))).toBe(true);
  expect(overlaps(cidr('10.90.0.0/16'), cidr('10.91.0.0/16'))).toBe(false);
});
