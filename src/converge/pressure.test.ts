import { expect, test } from 'vitest';
import { diskReserve, type Judged, judgePressure, type Pressure } from './pressure.ts';

const MiB = 1024 ** 2;
const GiB = 1024 * MiB;
const nothing: Judged = { conditions: [], suspects: [] };

const left = ({ disk = 50 * GiB, memory = GiB, stalledPercent = 0 } = {}): Pressure => ({
  disk: { path: '/var/lib/containers', freeBytes: disk, totalBytes: 100 * GiB },
  memory: { freeBytes: memory, totalBytes: 2 * GiB, stalledPercent },
});

/** What stands after these were seen one after the other. */
const after = (...seen: readonly Pressure[]): Judged =>
  seen.reduce<Judged>((before, one, n) => judgePressure(one, before, { now: n + 1 }), nothing);

const kinds = ({ conditions }: Judged) => conditions.map(({ kind }) => kind);

test('one look is not enough: a moment passes', () => {
  expect(kinds(after(left({ disk: GiB })))).toEqual([]);
  expect(kinds(after(left({ disk: GiB }), left(), left({ disk: GiB })))).toEqual([]);
  expect(after(left({ disk: GiB }), left({ disk: GiB })).conditions).toEqual([
    {
      kind: 'disk-pressure',
      since: 2,
      what: '1 GiB of 100 GiB free at /var/lib/containers, less than 4 GiB',
    },
  ]);
});

test('a condition keeps its beginning, and ends only when there is clearly more again', () => {
  const [begun, lasting] = [left({ disk: GiB }), left({ disk: 4.5 * GiB })];
  expect(after(begun, begun, begun).conditions).toEqual(after(begun, begun).conditions);
  expect(kinds(after(begun, begun, lasting))).toEqual(['disk-pressure']);
  expect(kinds(after(begun, begun, left({ disk: 5 * GiB })))).toEqual([]);
});

test.each([
  ['little is left', { memory: 60 * MiB }, '60 MiB of 2 GiB of memory free'],
  [
    'everything waits for it',
    { stalledPercent: 30 },
    '1 GiB of 2 GiB of memory free, and everything waits for it 30 % of the time',
  ],
])('memory is short when %s', (_, seen, what) => {
  expect(after(left(seen), left(seen)).conditions).toEqual([{ kind: 'memory-pressure', since: 2, what }]);
});

test('waiting for memory has to be over, not only less', () => {
  const much = left({ stalledPercent: 30 });
  expect(kinds(after(much, much, left({ stalledPercent: 10 })))).toEqual(['memory-pressure']);
  expect(kinds(after(much, much, left({ stalledPercent: 1 })))).toEqual([]);
});

test.each([
  [GiB, 256 * MiB],
  [20 * GiB, GiB],
  [1000 * GiB, 4 * GiB],
])('of a disk of %d bytes %d are to stay free', (total, free) => {
  expect(diskReserve(total)).toBe(free);
});

test('what the fleet file says counts instead', () => {
  const seen = left({ disk: 50 * GiB });
  const once = judgePressure(seen, nothing, { now: 1, diskBytes: 60 * GiB });
  expect(kinds(judgePressure(seen, once, { now: 2, diskBytes: 60 * GiB }))).toEqual(['disk-pressure']);
});
