import { request } from 'node:https';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { addUserToken } from '#server/identities.ts';
import { makeAuthority, openAuthority } from '#server/pki/authority.ts';
import { connectAgent, joinFleet } from '#server/testing/test-agent.ts';
import { startTestServer, type TestServer } from '#server/testing/test-server.ts';
import type { Connection } from '#wire/connection.ts';
import { tlsOptions } from '#wire/connection.ts';
import type { Operation } from '#wire/operation.ts';
import { operations, sockets } from '#wire/operations.ts';

type Who = 'nobody' | 'token' | 'wrong token' | 'user' | 'agent' | 'other authority';

let server: TestServer;
let callers: Readonly<Record<Who, Connection>>;

beforeAll(async () => {
  server = await startTestServer();
  const { admin, client } = server;
  const bare = { server: admin.server, ca: admin.ca };
  const enrolment = await client.call('addMachine', { name: 'm-1', provider: 'ssh', address: '192.0.2.1' });
  const stranger = await openAuthority(await makeAuthority('other', Date.now()), Date.now);
  const pair = await stranger.forUser('admin', 'x');
  callers = {
    nobody: bare,
    token: { ...bare, token: await addUserToken(server.server.state, 'admin') },
    'wrong token': { ...bare, token: 'A'.repeat(43) },
    user: admin,
    agent: await joinFleet({ ...enrolment, server: admin.server }),
    'other authority': { ...bare, cert: pair.certificate, key: pair.key },
  };
});
afterAll(() => server[Symbol.asyncDispose]());

const people: readonly Who[] = ['token', 'user'];
const strangers: readonly Who[] = ['nobody', 'wrong token', 'other authority'];
const routes: readonly {
  readonly method: string;
  readonly path: string;
  readonly allowed: readonly Who[] | 'all';
}[] = [
  { method: 'GET', path: '/livez', allowed: 'all' },
  { method: 'GET', path: '/readyz?verbose', allowed: people },
  { method: 'GET', path: '/metrics', allowed: people },
  { method: 'GET', path: '/openapi.json', allowed: people },
  { method: 'GET', path: '/v1/nothing-such', allowed: [...people, 'agent'] },
  { method: 'POST', path: '/livez', allowed: [...people, 'agent'] },
  ...(Object.values(operations) as Operation[]).map(({ method, path, role }) => ({
    method,
    path: path.replace(/:[a-z]+/g, 'x'),
    allowed: role === 'token' ? ('all' as const) : role === 'agent' ? (['agent'] as const) : people,
  })),
];

describe.each(routes)('$method $path', ({ method, path, allowed }) => {
  test.each(['nobody', 'wrong token', 'other authority', 'token', 'user', 'agent'] as const)(
    'asked by %s',
    async (who) => {
      const status = await ask(callers[who], method, path);
      if (allowed === 'all' || allowed.includes(who))
        expect([401, 403]).not.toContain(path === '/v1/enrol' ? 400 : status);
      else expect(status).toBe(strangers.includes(who) ? 401 : 403);
    },
  );
});

describe.each([
  { path: sockets.agent, allowed: ['agent'] },
  { path: sockets.exec.replace(':app', 'x'), allowed: people },
  { path: '/v1/other', allowed: [] as Who[] },
])('the WebSocket $path', ({ path, allowed }) => {
  test.each(['nobody', 'wrong token', 'other authority', 'token', 'user', 'agent'] as const)(
    'asked by %s',
    async (who) => {
      const status = await upgrade(callers[who], path);
      if ((allowed as readonly Who[]).includes(who)) expect(status).toBe(101);
      else expect(status).not.toBe(101);
    },
  );
});

test('a machine that was removed is refused, and stays refused when one of its name is let in again', async () => {
  const enrolment = await server.client.call('addMachine', {
    name: 'm-2',
    provider: 'ssh',
    address: '192.0.2.2',
  });
  const connection = await joinFleet({ ...enrolment, server: server.url });
  const agent = await connectAgent(connection);
  await server.client.call('removeMachine', { machine: 'm-2', force: true });
  expect((await agent.closed).reason).toMatch(/removed from the fleet/);
  expect(await upgrade(connection, sockets.agent)).toBe(401);
  const again = await server.client.call('addMachine', {
    name: 'm-2',
    provider: 'ssh',
    address: '192.0.2.2',
  });
  const fresh = await joinFleet({ ...again, server: server.url });
  expect(await upgrade(fresh, sockets.agent)).toBe(101);
  expect(await upgrade(connection, sockets.agent)).toBe(401);
  expect(await ask(connection, 'POST', '/v1/renew')).toBe(401);
});

function ask(connection: Connection, method: string, path: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const { token } = connection;
    const outgoing = request(
      new URL(path, connection.server),
      {
        ...{ ...tlsOptions(connection), method, agent: false },
        headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
      },
      (response) => {
        resolve(response.statusCode ?? 0);
        response.destroy();
      },
    );
    outgoing.on('error', reject);
    outgoing.end();
  });
}

function upgrade(connection: Connection, path: string): Promise<number> {
  return new Promise((resolve) => {
    const url = new URL(path, connection.server);
    url.protocol = 'wss:';
    const { token } = connection;
    const socket = new WebSocket(url, {
      ...tlsOptions(connection),
      headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
    });
    socket.on('open', () => {
      resolve(101);
      socket.terminate();
    });
    socket.on('unexpected-response', (_, response) => {
      resolve(response.statusCode ?? 0);
      response.destroy();
    });
    socket.on('error', () => resolve(0));
  });
}
