import { expect, test } from 'vitest';
import { suggest } from './suggest.ts';

const known = ['provider', 'count', 'labels', 'size'];

test.each([
  ['cuont', 'count'],
  ['conut', 'count'],
  ['Count', 'count'],
  ['providr', 'provider'],
  ['lab', 'labels'],
  ['cart', undefined],
  ['xy', undefined],
])('%s is taken for %s', (word, meant) => {
  expect(suggest(word, known)).toBe(meant);
});
