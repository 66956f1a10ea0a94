import { expect, test } from 'vitest';
import type { MachineDrift } from '#wire/drift-views.ts';
import { driftLines } from './drift-lines.ts';
import { testShell } from './testing/shell.ts';

const now = 1_000_000_000;
const shell = { ...testShell(), now: () => now };
const difference: MachineDrift['drift'][number] = {
  ...{ resource: 'file:/etc/motd', kind: 'file', found: 'changed', since: now - 60_000, doing: 'reported' },
  ...{ by: 'by ana@example.com (session 4)', origin: 'fleet.yaml:12:5' },
  changes: [
    { name: 'content', before: 'sha256:aa', after: 'sha256:bb' },
    { name: 'mode', before: '0666', after: '0644' },
  ],
};
const machine = (...drift: MachineDrift['drift']): MachineDrift => ({
  ...{ machine: 'app-1', status: 'online', repair: 'report', drift },
});

test('a difference says what, since when, by whom, who asked for it and what becomes of it', () => {
  expect(driftLines([machine(difference)], [], shell)).toEqual([
    'app-1',
    '  ! file:/etc/motd  differs (content, mode) since 60s, by ana@example.com (session 4)',
    '      mode: 0666, declared 0644',
    '      asked for by fleet.yaml:12:5',
    '      left as it is: ballast repair puts it right',
    '',
    '1 difference that nobody asked for.',
  ]);
});

test.each<[string, Partial<typeof difference>, string]>([
  ['an exception', { doing: 'allowed', until: now + 7_200_000 }, 'allowed for 2 h 0 m more'],
  ['a repair', { doing: 'repairing' }, 'being put right'],
  ['a repair that fails', { doing: 'repairing', failure: 'no space' }, 'could not be put right'],
])('%s is told', (_, more, says) => {
  expect(driftLines([machine({ ...difference, ...more })], [], shell).join('\n')).toContain(says);
});

test('that nothing differs is said, and of a machine that is away that nobody knows', () => {
  expect(driftLines([machine()], [], shell)).toEqual(['Nothing differs from what was declared.']);
  expect(driftLines([{ ...machine(), status: 'offline' }], [], shell).join('\n')).toContain(
    'is offline: nobody knows what differs there now',
  );
});

test('what was put right lately comes last', () => {
  const event = { seq: 1, at: now, kind: 'drift', machine: 'app-1', what: 'file:/etc/motd was missing' };
  expect(driftLines([machine()], [event], shell).at(-1)).toMatch(/app-1 {2}file:\/etc\/motd was missing$/);
});
