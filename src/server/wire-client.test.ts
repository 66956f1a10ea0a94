import { once } from 'node:events';
import { createServer as createPlain, type Server } from 'node:http';
import { createServer as createTls } from 'node:https';
import type { AddressInfo } from 'node:net';
import { createServer as createSilent } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { BallastError, toWire } from '#base/errors.ts';
import { type Client, createClient } from '#wire/client.ts';
import { failureLine } from '#wire/ndjson.ts';
import { type Authority, lifetimes, makeAuthority, openAuthority } from './pki/authority.ts';

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

async function listen(server: Server | ReturnType<typeof createSilent>): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closers.push(() => {
    if ('closeAllConnections' in server) server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

async function authority(): Promise<Authority> {
  return await openAuthority(await makeAuthority('acme', Date.now()), Date.now);
}

async function tlsServer(
  answer: Parameters<typeof createPlain>[1] & {},
  names: readonly string[] = ['ballast-server'],
): Promise<{ port: number; ca: string }> {
  const mine = await authority();
  const { certificate, key } = await mine.forServer(names, lifetimes.server);
  return { port: await listen(createTls({ cert: certificate, key }, answer)), ca: mine.certificate };
}

function clientOf(port: number, ca: string): Client {
  const client = createClient({ server: `https://127.0.0.1:${port}`, ca });
  closers.push(client.close);
  return client;
}

test('what is not there is said to be so, with the address', async () => {
  const { ca } = await tlsServer(() => {});
  await expect(clientOf(1, ca).call('status', {})).rejects.toMatchObject({
    code: 'no-server',
    message: 'the server https://127.0.0.1:1 cannot be reached',
    detail: { why: 'nothing listens at that address', fix: expect.stringContaining('ballast server') },
  });
});

test.each([
  ['nothing', {}, 'neither a certificate nor a token'],
  ['a token', { token: 'nonsense' }, 'the token is not of this fleet'],
  ['a certificate that has expired', { lifetime: 1 }, 'the certificate expired on '],
  ['a certificate of another fleet', { lifetime: lifetimes.server }, 'the certificate is not of this fleet'],
])('who brings %s is told what is wrong with it, and of which context', async (_, who, why) => {
  const refuse = JSON.stringify(toWire(new BallastError('unauthenticated', 'no')));
  const { port, ca } = await tlsServer((_request, response) => response.writeHead(401).end(refuse));
  const server = `https://127.0.0.1:${port}`;
  const mine =
    'lifetime' in who
      ? await (await authority())
          .forServer(['ana'], who.lifetime)
          .then(({ certificate, key }) => ({ cert: certificate, key }))
      : who;
  const client = createClient({ server, ca, label: 'context acme', ...mine });
  closers.push(client.close);
  await expect(client.call('status', {})).rejects.toMatchObject({
    code: 'unauthenticated',
    message: `the server ${server} (context acme) does not know you`,
    detail: { why: expect.stringContaining(why), fix: expect.stringContaining('admin.json') },
  });
});

test.each([
  ['of another fleet', true, ['ballast-server']],
  ['under another name', false, ['other.example.com']],
])('a server %s is not believed', async (_, foreign, names) => {
  const { port, ca } = await tlsServer((_request, response) => response.end('{}'), names);
  const trusted = foreign ? (await authority()).certificate : ca;
  await expect(clientOf(port, trusted).call('status', {})).rejects.toMatchObject({
    code: 'no-server',
    detail: {
      why: expect.stringContaining('certificate of this fleet'),
      fix: expect.stringContaining('context add'),
    },
  });
});

test('a server that does not speak TLS is told apart', async () => {
  const port = await listen(createPlain((_request, response) => response.end('hello')));
  const { certificate } = await authority();
  await expect(clientOf(port, certificate).call('status', {})).rejects.toMatchObject({
    code: 'no-server',
    detail: { why: expect.stringContaining('TLS') },
  });
});

test('a server that never answers is given up after the time allowed', async () => {
  const { port, ca } = await tlsServer(() => {});
  await expect(clientOf(port, ca).call('status', {}, { timeoutMs: 80 })).rejects.toMatchObject({
    code: 'no-server',
    detail: { why: 'GET /v1/status got no answer within 0.08 s' },
  });
});

test('a call that is interrupted says so', async () => {
  const { port, ca } = await tlsServer(() => {});
  const abort = new AbortController();
  const call = clientOf(port, ca).call('status', {}, { signal: abort.signal });
  setTimeout(() => abort.abort(), 30);
  await expect(call).rejects.toMatchObject({ code: 'interrupted' });
  await expect(clientOf(port, ca).call('status', {}, { signal: AbortSignal.abort() })).rejects.toMatchObject({
    code: 'interrupted',
  });
});

test('the server’s own error comes through as it was', async () => {
  const error = new BallastError('conflict', 'shop is being rolled out', { why: 'w', fix: 'f', log: ['l'] });
  const { port, ca } = await tlsServer((_request, response) => {
    response.writeHead(409).end(JSON.stringify(toWire(error)));
  });
  await expect(clientOf(port, ca).call('status', {})).rejects.toMatchObject({
    code: 'conflict',
    exit: 5,
    message: 'shop is being rolled out',
    detail: { why: 'w', fix: 'f', log: ['l'] },
  });
});

test('an answer that is not ours is shown', async () => {
  const { port, ca } = await tlsServer((_request, response) => response.writeHead(502).end('<h1>proxy</h1>'));
  await expect(clientOf(port, ca).call('status', {})).rejects.toMatchObject({
    code: 'no-server',
    detail: { log: ['<h1>proxy</h1>'] },
  });
});

test('connections are kept and used again, and one that went stale is replaced unseen', async () => {
  let connections = 0;
  const { port, ca } = await tlsServer((request, response) => {
    if (request.socket.listenerCount('counted') === 0) connections += 1;
    request.socket.on('counted', () => {});
    response.end('{"apps":[]}');
    if (request.headers['x-last']) request.socket.end();
  });
  const client = clientOf(port, ca);
  for (let i = 0; i < 5; i += 1) expect(await client.call('listApps', {})).toEqual({ apps: [] });
  expect(connections).toBe(1);
});

test('a stream gives what came before it broke off, then says that it did', async () => {
  const { port, ca } = await tlsServer((_request, response) => {
    response.write('\n{"seq":1}\n', () => setTimeout(() => response.destroy(), 20));
  });
  const seen: unknown[] = [];
  const reading = (async () => {
    for await (const event of clientOf(port, ca).stream('events', {})) seen.push(event);
  })();
  await expect(reading).rejects.toMatchObject({
    code: 'no-server',
    detail: { why: 'the connection broke off' },
  });
  expect(seen).toEqual([{ seq: 1 }]);
});

test('a stream that fails on the server throws the server’s error', async () => {
  const { port, ca } = await tlsServer((_request, response) => {
    response.end(`{"seq":1}\n${failureLine({ code: 'unreachable', what: 'm-1 went away' })}`);
  });
  const reading = (async () => {
    for await (const _ of clientOf(port, ca).stream('events', {}));
  })();
  await expect(reading).rejects.toMatchObject({ code: 'unreachable', message: 'm-1 went away' });
});

test('a stream that is left lets go of its connection', async () => {
  const closed = Promise.withResolvers<void>();
  const { port, ca } = await tlsServer((_request, response) => {
    response.on('close', () => closed.resolve());
    response.write('{"seq":1}\n');
  });
  for await (const _ of clientOf(port, ca).stream('events', { follow: true })) break;
  await closed.promise;
});
