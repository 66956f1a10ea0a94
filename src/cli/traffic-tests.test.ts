import { expect, test } from 'vitest';
import type { TrafficTry } from '#wire/traffic-views.ts';
import { isRight } from './traffic-tests.ts';

const tried: TrafficTry = {
  ...{ from: 'shop/web', to: 'shop/db', at: 'virtual address', address: '10.92.0.7', port: 5432 },
  ...{ expected: 'open', why: '', origin: '', seen: 'open' },
};

test.each<[TrafficTry['expected'], TrafficTry['seen'], boolean]>([
  ['open', 'open', true],
  ['open', 'refused', false],
  ['refused', 'refused', true],
  ['refused', 'open', false],
  ['refused', 'silent', false],
  ['closed', 'refused', true],
  ['unproven', 'refused', true],
  ['unproven', 'silent', false],
  ['open', 'not tried', false],
])('what has to be %s and is %s: right is %s', (expected, seen, right) => {
  expect(isRight({ ...tried, expected, seen })).toBe(right);
});

test('where nothing can be tried nothing is amiss', () => {
  expect(isRight({ ...tried, address: '', expected: 'unproven', seen: 'not tried' })).toBe(true);
});
