import { expect, test } from 'vitest';
import { ingressJournal, readAccess } from './ingress-journal.ts';

test('a request is one line: who, what, and what became of it', () => {
  const message = {
    request: { remote_ip: '192.0.2.7', proto: 'HTTP/2.0', method: 'GET', host: 'a.test', uri: '/x?y=1' },
    ...{ status: 200, size: 1234, duration: 0.01234 },
  };
  const line = JSON.stringify({ MESSAGE: JSON.stringify(message), __REALTIME_TIMESTAMP: '1700000000123456' });
  expect(readAccess(line)).toEqual({
    at: 1_700_000_000_123,
    text: '192.0.2.7 GET a.test/x?y=1 HTTP/2.0 200 1234B 12.3ms',
  });
});

test.each(['', 'no json', '{"MESSAGE":"no json"}', '{"MESSAGE":"{}"}'])('%j is no request', (line) => {
  expect(readAccess(line)).toBeUndefined();
});

test('a host that is asked for stands for itself and not for a pattern', () => {
  const [pattern] = ingressJournal({ host: 'a.test', follow: false, tail: 1 }).filter((word) =>
    word.startsWith('--grep='),
  );
  expect(pattern).toBe('--grep="host":"a[.]test(:[0-9]+)?"');
});
