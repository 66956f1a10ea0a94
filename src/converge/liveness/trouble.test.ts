import { expect, test } from 'vitest';
import type { ContainerResource, Manifest } from '#compile/manifest.ts';
import type { ReplicaReport } from '#plan/model.ts';
import { type Condition, conditionsOf, troublesOf, wordOf } from './trouble.ts';

const container = (name: string, address: string, job = false): ContainerResource => ({
  ...{ kind: 'container', id: `container:${name}`, name, app: 'shop', service: 'web', quadlet: '', address },
  ...{ health: { kind: 'none', settleMs: 0 }, stopGraceMs: 0, job, after: [], origin: '' },
});
const manifest: Manifest = { machine: 'm1', generation: 1, resources: [container('web-1', '10.91.1.10')] };
const report = (state: ReplicaReport['state']): ReplicaReport => ({
  id: 'web-1',
  state,
  since: 0,
  restarts: 0,
});

test.each<[ReplicaReport['state'] | undefined, Condition | undefined, Condition]>([
  ['running', undefined, 'well'],
  ['running', 'gone', 'well'],
  ['unhealthy', 'well', 'unwell'],
  ['starting', 'well', 'unwell'],
  ['starting', 'gone', 'unwell'],
  ['starting', 'presumed', 'presumed'],
  [undefined, 'presumed', 'presumed'],
  [undefined, 'well', 'gone'],
  [undefined, undefined, 'gone'],
  ['restarting', 'well', 'gone'],
  ['failed', 'presumed', 'gone'],
  ['stopped', 'well', 'gone'],
])('a replica that reports %s and was %s before is %s', (state, before, now) => {
  const known = new Map(before === undefined ? [] : [['10.91.1.10', before] as const]);
  const conditions = conditionsOf(manifest, state === undefined ? [] : [report(state)], known);
  expect(conditions.get('10.91.1.10')).toBe(now);
});

test('containers without an address and one-offs serve nobody', () => {
  const resources = [container('a', ''), container('b', '10.91.1.11', true)];
  expect(conditionsOf({ ...manifest, resources }, [], new Map())).toEqual(new Map());
});

test('a machine says which of its addresses have trouble, and no more', () => {
  const conditions = new Map<string, Condition>([
    ['10.91.1.12', 'gone'],
    ['10.91.1.10', 'well'],
    ['10.91.1.11', 'unwell'],
    ['10.91.1.13', 'presumed'],
  ]);
  expect(wordOf(conditions)).toEqual({ gone: ['10.91.1.12'], unwell: ['10.91.1.11'] });
});

const neighbour = (n: number) => ({
  ...{ machine: `m${n}`, address: `10.90.0.${n}`, gateway: `10.91.${n}.1`, cidr: `10.91.${n}.0/24` },
});
const others = [2, 3, 4].map(neighbour);
const calm = { own: new Map(), words: new Map(), away: new Set<string>() };

test('what a machine says of itself counts, and what it does not speak of is well', () => {
  const words = new Map([['m2', { gone: ['10.91.2.10'], unwell: ['10.91.2.11'] }]]);
  const troubleOf = troublesOf(others, { ...calm, own: new Map([['10.91.1.10', 'unwell']]), words });
  expect(['10.91.2.10', '10.91.2.11', '10.91.2.12', '10.91.1.10'].map(troubleOf)).toEqual([
    ...['gone', 'unwell', undefined, 'unwell'],
  ]);
});

test('all of a machine that is away is gone, and the machine itself too', () => {
  const troubleOf = troublesOf(others, { ...calm, away: new Set(['m3']) });
  expect(['10.91.3.10', '10.90.0.3', '10.91.2.10'].map(troubleOf)).toEqual(['gone', 'gone', undefined]);
});

test('when most are away it is this machine that is cut off: they are passed over, not given up', () => {
  const troubleOf = troublesOf(others, { ...calm, away: new Set(['m2', 'm3']) });
  expect(['10.91.2.10', '10.91.3.10', '10.91.4.10'].map(troubleOf)).toEqual(['unwell', 'unwell', undefined]);
});

test('a machine that is no neighbour any more is not spoken of', () => {
  const words = new Map([['m9', { gone: ['10.91.9.10'], unwell: [] }]]);
  expect(troublesOf(others, { ...calm, words, away: new Set(['m9']) })('10.91.9.10')).toBeUndefined();
});
