import { expect, test } from 'vitest';
import { coversHost, hostNameProblem } from './host-name.ts';

test.each([
  'example.com',
  'www.example.com',
  '*.example.com',
  'guestbook',
  'xn--bcher-kva.example',
  '1und1.de',
])('%s is a host name', (name) => {
  expect(hostNameProblem(name)).toBeUndefined();
});

test.each([
  ['https://example.com', 'URL'],
  ['example.com:8080', 'port'],
  ['example.com/shop', 'path'],
  ['192.0.2.1', 'address'],
  ['a..b', 'empty label'],
  ['-a.example', 'no label'],
  ['exa_mple.com', 'no label'],
  ['a.*.example', 'star'],
  ['*.com', 'top level'],
  ['bücher.example', 'xn--'],
  [`${'a.'.repeat(127)}toolong`, '253'],
])('%s is none: %s', (name, why) => {
  expect(hostNameProblem(name)).toContain(why);
});

test.each([
  ['example.com', 'example.com', true],
  ['*.example.com', 'www.example.com', true],
  ['*.example.com', 'example.com', false],
  ['*.example.com', 'a.b.example.com', false],
  ['www.example.com', '*.example.com', false],
])('%s covers %s: %s', (pattern, host, covers) => {
  expect(coversHost(pattern, host)).toBe(covers);
});
