import { expect, test } from 'vitest';
import type { Manifest } from '#compile/manifest.ts';
import { refusal } from './acceptance.ts';

const manifest = (more: object = {}): Manifest => ({
  machine: 'app-1',
  generation: 5,
  resources: [],
  ...more,
});
const known = { epoch: 2, manifest: manifest() };

test.each<[string, number, unknown, RegExp | undefined]>([
  ['the same again', 2, manifest(), undefined],
  ['a later one', 2, manifest({ generation: 6 }), undefined],
  ['a later leader', 3, manifest({ generation: 6 }), undefined],
  ['an earlier leader', 1, manifest({ generation: 6 }), /epoch 1 is over/],
  ['an earlier one', 2, manifest({ generation: 4 }), /generation 4 is older than 5/],
  ['another machine’s', 2, manifest({ machine: 'app-2' }), /for app-2/],
  ['none at all', 2, null, /shape/],
  ['half of one', 2, { machine: 'app-1' }, /shape/],
  ['a newer server’s', 2, manifest({ resources: [{ id: 'a', kind: 'moon', after: [] }] }), /too old/],
  [
    'a broken one',
    2,
    manifest({ resources: [{ id: 'a', kind: 'sysctl', key: 'a', after: ['b'] }] }),
    /comes after b/,
  ],
])('a manifest that is %s', (_, epoch, given, why) => {
  const message = { kind: 'manifest' as const, epoch, manifest: given as Manifest, secrets: {} };
  const answer = refusal('app-1', known, message);
  if (why === undefined) expect(answer).toBeUndefined();
  else expect(answer).toMatch(why);
});
