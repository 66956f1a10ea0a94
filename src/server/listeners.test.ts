import { afterEach, expect, test } from 'vitest';
import { startTestServer } from '#server/testing/test-server.ts';
import { createClient } from '#wire/client.ts';
import { parseEndpoint, urlOf } from './addresses.ts';

const open: AsyncDisposable[] = [];
afterEach(async () => {
  for (const each of open.splice(0)) await each[Symbol.asyncDispose]();
});

test.each([
  ['192.0.2.1:80', { host: '192.0.2.1', port: 80 }],
  ['192.0.2.1', { host: '192.0.2.1', port: 7443 }],
  [':7000', { host: '0.0.0.0', port: 7000 }],
  ['[2001:db8::1]:1', { host: '2001:db8::1', port: 1 }],
  ['ballast.example.com:0', { host: 'ballast.example.com', port: 0 }],
])('%s is read as an address', (text, endpoint) => {
  expect(parseEndpoint(text)).toEqual(endpoint);
});

test.each(['', 'a:b', 'x:99999', '2001:db8::1'])('%j is no address', (text) => {
  expect(() => parseEndpoint(text)).toThrow(/no address/);
});

test('every address has a URL that a browser on this computer would take', () => {
  expect(urlOf({ host: '0.0.0.0', port: 1 })).toBe('https://127.0.0.1:1');
  expect(urlOf({ host: '2001:db8::1', port: 1 })).toBe('https://[2001:db8::1]:1');
});

test('a server on every address is told to machines by the address that they see', async () => {
  const server = await startTestServer({ listen: [':0'] });
  open.push(server);
  expect(server.url).toMatch(/^https:\/\/127\.0\.0\.1:\d+$/);
  const answer = await server.client.call('addMachine', { name: 'm', provider: 'ssh', address: '127.0.0.2' });
  expect(answer.server).toBe(server.url);
});

test('what is advertised is told instead, with the port that was taken', async () => {
  const server = await startTestServer({ advertise: ['192.0.2.77'] });
  open.push(server);
  const port = new URL(server.server.urls[0] ?? '').port;
  expect(server.url).toBe(`https://192.0.2.77:${port}`);
  const direct = createClient({ ...server.admin, server: `https://127.0.0.1:${port}` });
  expect((await direct.call('addMachine', { name: 'm', provider: 'ssh', address: '192.0.2.1' })).server).toBe(
    server.url,
  );
  direct.close();
});

test('an address that is taken is refused with the reason, and the store is free again', async () => {
  const first = await startTestServer();
  open.push(first);
  const { dataDir, url } = first;
  const taken = url.replace('https://', '');
  await expect(startTestServer({ listen: [taken] })).rejects.toMatchObject({
    detail: { why: 'another process listens there' },
  });
  await first.stop();
  const second = await startTestServer({}, dataDir);
  await second.stop();
});
