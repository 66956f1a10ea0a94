import { expect, test } from 'vitest';
import { basename, dirname, isInside, joinPath, normalizePath, resolvePath } from './path.ts';

test.each([
  ['/a/./b//c/', '/a/b/c'],
  ['/a/../..', '/'],
  ['a/..', '.'],
  ['../a/../..', '../..'],
])('%s is %s without its detours', (path, normal) => {
  expect(normalizePath(path)).toBe(normal);
});

test('a relative path is seen from the base, an absolute one stays', () => {
  expect(resolvePath('/srv/app', './web')).toBe('/srv/app/web');
  expect(resolvePath('/srv/app', '../lib')).toBe('/srv/lib');
  expect(resolvePath('/srv/app', '/etc')).toBe('/etc');
  expect(joinPath('/srv', '/etc')).toBe('/srv/etc');
});

test('a path is its directory and its last part', () => {
  expect([dirname('/a/b'), dirname('/a'), dirname('a'), basename('/a/b')]).toEqual(['/a', '/', '.', 'b']);
});

test('a directory holds itself and what is below it, not its namesakes', () => {
  expect(isInside('/a', '/a')).toBe(true);
  expect(isInside('/a', '/a/b')).toBe(true);
  expect(isInside('/a', '/ab')).toBe(false);
  expect(isInside('/', '/x')).toBe(true);
});
