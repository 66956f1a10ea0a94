import { expect, it } from 'vitest';
import { fitsGlob } from './glob.ts';

it.each([
  ['app-1', 'app-1', true],
  ['app-1', 'app-*', true],
  ['app-12', 'app-?', false],
  ['web', 'app-*', false],
  ['app-1', '*', true],
  ['a.b', 'a?b', true],
  ['axb', 'a.b', false],
  ['my-app-1', 'app-*', false],
])('%s against %s: %s', (name, pattern, fits) => {
  expect(fitsGlob(name, pattern)).toBe(fits);
});
