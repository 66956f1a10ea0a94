import { createServer, type Server } from 'node:http';
import { type AddressInfo, createServer as createTcp } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { askHttp } from './ask-http.ts';

const never = new AbortController().signal;
let server: Server;
let base: string;

beforeAll(async () => {
  server = createServer((request, response) => {
    if (request.url === '/hang') return;
    if (request.url === '/big') return void response.end('x'.repeat(1 << 20));
    response.writeHead(Number(request.url?.slice(1)) || 200, 'As Asked').end('body');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterAll(() => {
  server.closeAllConnections();
  server.close();
});

describe('asking over HTTP', () => {
  test.each([
    ['/200', true, /200 As Asked/],
    ['/204', true, /204/],
    ['/302', true, /302/],
    ['/404', false, /404/],
    ['/503', false, /503 As Asked/],
    ['/big', true, /200/],
    ['/hang', false, /no answer within 200 ms/],
  ])('%s is well: %s', async (path, ok, detail) => {
    const result = await askHttp(base + path, 200, never);
    expect(result.ok).toBe(ok);
    expect(result.detail).toMatch(detail);
  });

  test('a closed port and a server that speaks otherwise are not well', async () => {
    const other = createTcp((socket) => socket.resume().end('SSH-2.0-x\r\n'));
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const { port } = other.address() as AddressInfo;
    expect(await askHttp(`http://127.0.0.1:${port}/`, 500, never)).toMatchObject({
      ok: false,
      detail: expect.stringMatching(/no HTTP/),
    });
    await new Promise((resolve) => other.close(resolve));
    expect((await askHttp(`http://127.0.0.1:${port}/`, 500, never)).detail).toMatch(/ECONNREFUSED/);
  });

  test('stops when it is told to', async () => {
    const stop = new AbortController();
    const asked = askHttp(`${base}/hang`, 5_000, stop.signal);
    stop.abort();
    expect((await asked).ok).toBe(false);
  });
});
