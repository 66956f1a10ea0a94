import { expect, it } from 'vitest';
import { fitsGlob } from './glob.ts';

it.each<[string, string, boolean]>([
  ['app-1', 'app-1', true],
  ['app-1', 'app-*', true],
  ['app-12', 'app-?', false],
  ['web', 'app-*', false],
  ['app-1', '*', true],
  ['a.b', 'a?b', true],
  ['axb', 'a.b', false],
  ['my-app-1', 'app-*', false],
  ['file:/etc/nginx/nginx.conf', 'file:/etc/*', true],
  ['', '*', true],
  ['a.conf.conf', '*.conf', true],
  ['a-b-b-c', 'a*b*c', true],
  ['a-c-b', 'a*b*c', false],
  ['[a]+', '[a]+', true],
  ['aa', '[a]+', false],
  ['', '', true],
  ['a', '', false],
])('%s against %s: %s', (name, pattern, fits) => {
  expect(fitsGlob(name, pattern)).toBe(fits);
});

it('takes no time for many stars', () => {
  expect(fitsGlob('a'.repeat(5_000), `${'*a'.repeat(200)}b`)).toBe(false);
});
