import { expect, test } from 'vitest';
import type { FirewallRuleView, FirewallView } from '#wire/firewall-views.ts';
import { expectationOf, isAsExpected, portsToTry, portWords } from './firewall-words.ts';

const rule = (direction: 'in' | 'out', places: FirewallRuleView['places'], from: number, to = from) => ({
  ...{ direction, places, who: 'web', origin: 'fleet.yaml:3:1', packets: 0, bytes: 0 },
  ports: [{ protocol: 'tcp', from, to }] as const,
});

const target: FirewallView = {
  ...{ machine: 'db', address: '10.0.0.3', connected: true, shutIn: false, refused: [] },
  rules: [rule('in', ['10.0.0.0/30'], 5432), rule('in', 'any', 9000, 9001), rule('in', 'any', 2000, 3000)],
  ...{ listening: [22, 5432], published: [80] },
};

test.each([
  ['10.0.0.1', 5432, 'answer', 'fleet.yaml:3:1'],
  ['10.0.0.9', 5432, 'refuse', 'firewall'],
  ['10.0.0.9', 9000, 'closed', 'fleet.yaml:3:1'],
  ['10.0.0.9', 80, 'answer', 'published'],
  ['10.0.0.1', 22, 'refuse', 'firewall'],
])('%s at port %i has to get: %s, by %s', (address, port, expected, origin) => {
  expect(expectationOf(target, { address }, port)).toEqual({ port, expected, origin });
});

test('who may not go out is refused by its own rules', () => {
  const machine = { ...target, machine: 'app', shutIn: true, rules: [rule('out', ['10.0.0.3/32'], 9000)] };
  const from = { machine, address: '10.0.0.1' };
  expect(expectationOf(target, from, 5432)).toMatchObject({
    expected: 'refuse',
    origin: 'what app may reach',
  });
  expect(expectationOf(target, from, 9000)).toMatchObject({ expected: 'closed' });
});

test('ports that are named, published or in use are tried; of long ranges the ends', () => {
  expect(portsToTry(target)).toEqual([22, 80, 2000, 3000, 5432, 9000, 9001]);
});

test('silence is as wrong as the wrong answer', () => {
  const expected = (word: 'answer' | 'refuse') => ({ port: 1, expected: word, origin: '' });
  expect(isAsExpected(expected('answer'), 'open')).toBe(true);
  expect(isAsExpected(expected('refuse'), 'refused')).toBe(true);
  expect(isAsExpected(expected('refuse'), 'silent')).toBe(false);
  expect(isAsExpected(expected('refuse'), 'open')).toBe(false);
});

test('ports are told as people write them', () => {
  expect(
    portWords([
      { protocol: 'tcp', from: 22, to: 22 },
      { protocol: 'udp', from: 53, to: 60 },
    ]),
  ).toBe('22, 53-60/udp');
});
