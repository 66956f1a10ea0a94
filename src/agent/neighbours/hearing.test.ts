import { expect, test } from 'vitest';
import { beatMsFor, createHearing, type Hearing } from './hearing.ts';

const neighbour = (n: number) => ({
  ...{ machine: `m${n}`, address: `10.90.0.${n}`, gateway: `10.91.${n}.1`, cidr: `10.91.${n}.0/24` },
});
const calm = { gone: [], unwell: [] };
const beat = (count: number, more: object = {}) => ({ machine: 'm2', run: 'a', count, word: calm, ...more });

function listening(known: Parameters<typeof createHearing>[0] = { away: [], words: {} }): Hearing {
  const hearing = createHearing(known);
  hearing.follow([neighbour(2), neighbour(3)], 0);
  return hearing;
}

test('who speaks is there, and says something new only when it does', () => {
  const hearing = listening();
  expect(hearing.heard(beat(1), 100)).toBe(false);
  expect(hearing.heard(beat(2, { word: { gone: ['10.91.2.9'], unwell: [] } }), 200)).toBe(true);
  expect(hearing.heard(beat(3, { word: { gone: ['10.91.2.9'], unwell: [] } }), 300)).toBe(false);
  expect(hearing.words().get('m2')).toEqual({ gone: ['10.91.2.9'], unwell: [] });
});

test('an old beat that is heard again says nothing, and a new run counts anew', () => {
  const hearing = listening();
  hearing.heard(beat(5), 100);
  const old = { word: { gone: ['10.91.2.9'], unwell: [] } };
  expect(hearing.heard(beat(4, old), 200)).toBe(false);
  expect(hearing.heard(beat(1, { ...old, run: 'b' }), 300)).toBe(true);
});

test('who is silent is asked, and is away when it does not answer', () => {
  const hearing = listening();
  hearing.heard(beat(1), 900);
  expect(hearing.silent(1_000).map(({ machine }) => machine)).toEqual(['m3']);
  expect(hearing.knocked('m3', false, 1_000, 1_200)).toBe(true);
  expect([...hearing.away()]).toEqual(['m3']);
  expect(hearing.knocked('m3', false, 1_300, 1_500)).toBe(false);
});

test('a machine that answers is there, though its agent is silent', () => {
  const hearing = listening();
  expect(hearing.knocked('m3', true, 1_000, 1_010)).toBe(false);
  expect([...hearing.away()]).toEqual([]);
});

test('a beat that came during the knock counts more than the knock', () => {
  const hearing = listening();
  hearing.heard(beat(1), 1_100);
  expect(hearing.knocked('m2', false, 1_000, 1_200)).toBe(false);
});

test('a beat brings a machine back at once, mere answers only after a while', () => {
  const hearing = listening();
  hearing.knocked('m2', false, 1_000, 1_200);
  expect(hearing.knocked('m2', true, 2_000, 2_010)).toBe(false);
  expect(hearing.knocked('m2', true, 13_000, 13_010)).toBe(true);
  hearing.knocked('m2', false, 14_000, 14_200);
  expect(hearing.heard(beat(1), 14_300)).toBe(true);
  expect([...hearing.away()]).toEqual([]);
});

test('a new run of the agent knows who was away, and what was said last', () => {
  const hearing = listening({ away: ['m3'], words: { m2: { gone: ['10.91.2.9'], unwell: [] } } });
  expect([...hearing.away()]).toEqual(['m3']);
  expect(hearing.words().get('m2')).toEqual({ gone: ['10.91.2.9'], unwell: [] });
});

test('a new manifest changes nothing for those it names again', () => {
  const hearing = listening();
  hearing.knocked('m3', false, 1_000, 1_200);
  hearing.follow([neighbour(3), neighbour(4)], 1_300);
  expect([...hearing.away()]).toEqual(['m3']);
  expect([...hearing.words().keys()]).toEqual(['m3', 'm4']);
});

test('the more neighbours, the less often each is spoken to', () => {
  expect([0, 2, 100, 200].map(beatMsFor)).toEqual([300, 300, 300, 600]);
});
