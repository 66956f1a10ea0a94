import { expect, test } from 'vitest';
import { type ContainerLine, containerJournal, lineReader, tellingLines } from './journal.ts';

function read(...entries: readonly object[]): ContainerLine[] {
  const lines: ContainerLine[] = [];
  const reader = lineReader((line) => lines.push(line));
  for (const entry of entries) reader(JSON.stringify(entry));
  return lines;
}

const entry = (MESSAGE: unknown, more: object = {}) => ({
  __REALTIME_TIMESTAMP: '1795354009018764',
  CONTAINER_NAME: 'web',
  PRIORITY: '6',
  MESSAGE,
  ...more,
});

test('a line has its container, time and stream', () => {
  expect(read(entry('hi\n'), entry('bad\n', { PRIORITY: '3' }))).toEqual([
    { container: 'web', at: 1795354009018, stream: 'stdout', text: 'hi' },
    { container: 'web', at: 1795354009018, stream: 'stderr', text: 'bad' },
  ]);
});

test('parts of a long line are put together', () => {
  const part = { CONTAINER_PARTIAL_MESSAGE: 'true' };
  expect(read(entry('a', part), entry('b', part), entry('c\n')).map(({ text }) => text)).toEqual(['abc']);
});

test('bytes that are no text, empty messages and noise do no harm', () => {
  expect(read(entry([104, 105, 255]), entry(null)).map(({ text }) => text)).toEqual(['hi\ufffd', '']);
  const lines: ContainerLine[] = [];
  lineReader((line) => lines.push(line))('-- No entries --');
  expect(lines).toEqual([]);
});

test('what podman notes for itself is no reason for anything', () => {
  const id = '09840bab7c32d071118f42233b505bfdbe7e4cd9859395fe92ebd6447f5897e3';
  const reason = 'Error: crun: executable file `/no/such/thing` not found: No such file or directory';
  const event = '2026-11-22 14:17:10.952275062 +0000 UTC m=+0.262529212 image pull 515e web@sha256:3615';
  expect(tellingLines([event, id, reason, ''])).toEqual([reason]);
});

test('the journal is asked for either container, from where the reader wants', () => {
  const argv = containerJournal({ containers: ['a', 'b'], follow: true, tail: 5, sinceMs: 1_500 });
  expect(argv.slice(-5)).toEqual([
    '--lines=5',
    '--since=@1.500',
    '--follow',
    'CONTAINER_NAME=a',
    'CONTAINER_NAME=b',
  ]);
});
