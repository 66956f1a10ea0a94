import { expect, test } from 'vitest';
import { readBeat, writeBeat } from './beat.ts';

const word = { gone: ['10.91.2.10', '10.91.2.12'], unwell: ['10.91.2.11'] };
const beat = { machine: 'app-2', run: 'f00d', count: 17, word };
const networkOf = (machine: string) => (machine === 'app-2' ? '10.91.2.0/24' : undefined);

test('a beat arrives as it was meant', () => {
  expect(readBeat(writeBeat(beat, 'key'), 'key', networkOf)).toEqual(beat);
  const calm = { ...beat, word: { gone: [], unwell: [] } };
  expect(readBeat(writeBeat(calm, 'key'), 'key', networkOf)).toEqual(calm);
});

test('a machine full of replicas, all of them gone, needs one datagram', () => {
  const gone = Array.from({ length: 250 }, (_, n) => `10.91.2.${n + 2}`);
  expect(writeBeat({ ...beat, word: { gone, unwell: [] } }, 'key').length).toBeLessThan(1_200);
});

test.each([
  ['of somebody without the key', writeBeat(beat, 'another')],
  ['that was changed', writeBeat(beat, 'key').replace('10,12', '10,13')],
  ['of a machine that is no neighbour', writeBeat({ ...beat, machine: 'app-9' }, 'key')],
  ['that is none', 'hello'],
  ['that is empty', ''],
])('a datagram %s says nothing', (_, datagram) => {
  expect(readBeat(datagram, 'key', networkOf)).toBeUndefined();
});
