import { expect, test } from 'vitest';
import type { Manifest, Resource } from '#compile/manifest.ts';
import { checkManifest } from './check-manifest.ts';

const sysctl = (id: string, after: readonly string[] = [], key = id): Resource => ({
  kind: 'sysctl',
  id,
  after,
  origin: 'test',
  key,
  value: '1',
});

const check = (...resources: readonly Resource[]) => {
  const manifest: Manifest = { machine: 'm', generation: 1, resources };
  const result = checkManifest(manifest);
  return result.ok ? [] : result.problems.map(({ what }) => what);
};

test.each<[string, readonly Resource[], readonly string[]]>([
  ['a chain is sound', [sysctl('a'), sysctl('b', ['a'])], []],
  ['two of one id', [sysctl('a'), sysctl('a', [], 'other')], ['two resources have the id a']],
  [
    'two of one place',
    [sysctl('a', [], 'k'), sysctl('b', [], 'k')],
    ['two resources have the place sysctl k'],
  ],
  ['an unknown dependency', [sysctl('a', ['z'])], ['a comes after z, which the manifest does not have']],
  [
    'a circle',
    [sysctl('a', ['b']), sysctl('b', ['a'])],
    ['resources come after one another in a circle: a, b'],
  ],
])('%s', (_, resources, problems) => {
  expect(check(...resources)).toEqual(problems);
});
