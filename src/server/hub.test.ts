import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import type { FromAgent, ToAgent } from '#wire/agent-messages.ts';
import type { Peer } from '#wire/peer.ts';
import type { Liveness } from './agent-connection.ts';
import { createChanges } from './changes.ts';
import { Hub } from './hub.ts';
import { silentLog } from './log.ts';
import type { NewEvent } from './state.ts';
import { emptyReport } from './testing/test-agent.ts';

const changes = createChanges();
const liveness: Liveness = { pingMs: 20, silenceMs: 100, holdMs: 100 };
let hub: Hub;
let server: Server;
let events: NewEvent[];
let clients: WebSocket[];
let nextPeer: Peer;
let home: string | undefined;
let clocks: (readonly [string, number])[];

beforeEach(async () => {
  events = [];
  clients = [];
  nextPeer = {};
  home = undefined;
  clocks = [];
  hub = new Hub({
    changes,
    now: Date.now,
    log: silentLog,
    tell: (event) => events.push(event),
    liveness,
    answerMs: 50,
    addressOf: () => home,
    onClock: (machine, clock) => clocks.push([machine, clock]),
  });
  server = createServer();
  const sockets = new WebSocketServer({ server });
  sockets.on('connection', (socket, request) => hub.attach((request.url ?? '').slice(1), socket, nextPeer));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});

afterEach(() => {
  for (const client of clients) client.terminate();
  hub.close();
  server.close();
});

async function connect(machine: string, options: { autoPong?: boolean } = {}): Promise<WebSocket> {
  const { port } = server.address() as AddressInfo;
  const client = new WebSocket(`ws://127.0.0.1:${port}/${machine}`, options);
  clients.push(client);
  await once(client, 'open');
  await vi.waitFor(() => expect(hub.connected).toContain(machine));
  return client;
}

const say = (client: WebSocket, message: FromAgent | string) =>
  client.send(typeof message === 'string' ? message : JSON.stringify(message));

async function heard(client: WebSocket): Promise<ToAgent> {
  const [raw] = (await once(client, 'message')) as [Buffer];
  return JSON.parse(raw.toString()) as ToAgent;
}

async function collect<T>(items: AsyncIterable<T>): Promise<readonly T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

const kinds = () => events.map((event) => event.kind);

test('what a machine reports is its inventory until it reports again, connected or not', async () => {
  const client = await connect('m-1');
  say(client, { kind: 'report', report: { ...emptyReport, converged: 4 } });
  await vi.waitFor(() =>
    expect(hub.inventory.machines['m-1']).toMatchObject({ connected: true, converged: 4 }),
  );
  client.close();
  await vi.waitFor(() =>
    expect(hub.inventory.machines['m-1']).toMatchObject({ connected: false, converged: 4 }),
  );
  expect(kinds()).toEqual(['machine-online', 'machine-offline']);
});

test('a machine is heard since it connected, and anew since it came back', async () => {
  const since = () => hub.inventory.machines['m-1']?.heardSince ?? 0;
  const first = await connect('m-1');
  say(first, { kind: 'report', report: emptyReport });
  await vi.waitFor(() => expect(since()).toBeGreaterThan(0));
  const before = since();
  first.close();
  await vi.waitFor(() => expect(hub.connected).toEqual([]));
  await vi.waitFor(() => expect(Date.now()).toBeGreaterThan(before));
  await connect('m-1');
  await vi.waitFor(() => expect(since()).toBeGreaterThan(before));
});

test('a report that says nothing new wakes nobody', async () => {
  const client = await connect('m-1');
  say(client, { kind: 'report', report: emptyReport });
  await vi.waitFor(() => expect(hub.inventory.machines['m-1']).toBeDefined());
  const { version } = changes;
  const before = version();
  const seenAt = hub.inventory.machines['m-1']?.seenAt ?? 0;
  say(client, {
    kind: 'report',
    report: { ...emptyReport, facts: { ...emptyReport.facts, diskFreeBytes: 5 } },
  });
  await vi.waitFor(() => expect(hub.inventory.machines['m-1']?.facts.diskFreeBytes).toBe(5));
  expect(hub.inventory.machines['m-1']?.seenAt).toBeGreaterThanOrEqual(seenAt);
  expect(version()).toBe(before);
});

test('of two connections of one machine the newer counts, and it is told of', async () => {
  const older = await connect('m-1');
  const closed = once(older, 'close');
  const newer = await connect('m-1');
  expect(String((await closed)[1])).toMatch(/newer connection/);
  say(newer, { kind: 'report', report: emptyReport });
  await vi.waitFor(() => expect(hub.inventory.machines['m-1']?.connected).toBe(true));
  expect(kinds()).toEqual(['machine-online', 'machine-reconnected']);
});

test('a machine that no longer answers pings is gone', async () => {
  await connect('m-1', { autoPong: false });
  await vi.waitFor(() => expect(kinds()).toContain('machine-offline'));
  expect(hub.connected).toEqual([]);
});

test('a machine that answers pings stays, though it says nothing else', async () => {
  await connect('m-1');
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect(hub.connected).toEqual(['m-1']);
});

test.each(['nonsense', '{"kind":"report","report":{}}', '{"kind":"root"}', '[]'])(
  'a message such as %s is dropped, and the connection lives on',
  async (text) => {
    const client = await connect('m-1');
    say(client, text);
    say(client, { kind: 'report', report: emptyReport });
    await vi.waitFor(() => expect(hub.inventory.machines['m-1']).toBeDefined());
    expect(hub.connected).toEqual(['m-1']);
  },
);

test('streams are kept apart and end with the agent’s word', async () => {
  const client = await connect('m-1');
  const one = hub.open('m-1', { kind: 'delete-volume', volume: 'a' });
  const first = await heard(client);
  const two = hub.open('m-1', { kind: 'delete-volume', volume: 'b' });
  const second = await heard(client);
  if (first.kind !== 'delete-volume' || second.kind !== 'delete-volume') throw new Error('wrong order');
  say(client, { kind: 'end', stream: second.stream, code: 2 });
  say(client, { kind: 'end', stream: first.stream, code: 1 });
  const codes = await Promise.all([one, two].map(async ({ messages }) => (await collect(messages)).at(-1)));
  expect(codes).toMatchObject([{ code: 1 }, { code: 2 }]);
});

test('a stream whose machine goes away fails with the reason', async () => {
  const client = await connect('m-1');
  const stream = hub.open('m-1', { kind: 'logs', replicas: [], follow: true, tail: 1 });
  await heard(client);
  client.terminate();
  await expect(collect(stream.messages)).rejects.toMatchObject({ code: 'unreachable' });
});

test('a machine that is not connected is said to be so', () => {
  expect(() => hub.open('m-9', { kind: 'delete-volume', volume: 'a' })).toThrow(/m-9 is not connected/);
});

test('a reader that is too slow loses its stream; reports still come and the machine stays', async () => {
  const client = await connect('m-1');
  const stream = hub.open('m-1', { kind: 'logs', replicas: [], follow: true, tail: 1 });
  const { stream: number } = (await heard(client)) as { stream: number };
  const line = {
    replica: 'r',
    service: 's',
    machine: 'm-1',
    at: 1,
    stream: 'stdout',
    text: 'x'.repeat(9_000),
  } as const;
  const cancelled = heard(client);
  for (let i = 0; i < 2_000; i += 1) say(client, { kind: 'log', stream: number, line });
  say(client, { kind: 'report', report: { ...emptyReport, converged: 9 } });
  await vi.waitFor(() => expect(hub.inventory.machines['m-1']?.converged).toBe(9), { timeout: 5_000 });
  expect(await cancelled).toEqual({ kind: 'cancel', stream: number });
  await expect(collect(stream.messages)).rejects.toMatchObject({
    detail: { why: expect.stringMatching(/fast enough/) },
  });
  expect(hub.connected).toEqual(['m-1']);
});

test('a removed machine is told why and forgotten', async () => {
  const client = await connect('m-1');
  say(client, { kind: 'report', report: emptyReport });
  await vi.waitFor(() => expect(hub.inventory.machines['m-1']).toBeDefined());
  const closed = once(client, 'close');
  hub.forget('m-1');
  expect(String((await closed)[1])).toMatch(/removed from the fleet/);
  expect(hub.inventory.machines).toEqual({});
});

test('a second machine with one identity is refused while the first lives, and this is told once', async () => {
  const original = { bootId: '11111111-1', machineId: 'aaaaaaaa', address: '192.0.2.1' };
  const copy = { bootId: '22222222-2', machineId: 'aaaaaaaa', address: '192.0.2.2' };
  nextPeer = original;
  const first = await connect('app-1');
  for (let knocks = 0; knocks < 3; knocks += 1) {
    await expect(hub.admit('app-1', copy)).rejects.toMatchObject({ code: 'conflict' });
  }
  expect(first.readyState).toBe(WebSocket.OPEN);
  expect(events.filter(({ kind }) => kind === 'machine-twice')).toMatchObject([
    {
      what: '192.0.2.2 (boot 22222222) has the identity of app-1, which is connected from 192.0.2.1 (boot 11111111): the second one is refused',
    },
  ]);
});

test('both addresses are a condition of the machine while the second one knocks', async () => {
  home = '192.0.2.1';
  nextPeer = { bootId: '11111111-1', address: '192.0.2.1' };
  await connect('app-1');
  expect(hub.conditionOf('app-1')).toBeUndefined();
  await expect(hub.admit('app-1', { bootId: '22222222-2', address: '192.0.2.2' })).rejects.toThrow();
  const condition = hub.conditionOf('app-1');
  expect(condition).toMatchObject({ kind: 'copied-identity' });
  expect(condition?.what).toMatch(/^192\.0\.2\.2 .* the identity of app-1, .* from 192\.0\.2\.1/);
});

test('a copy that came first makes way for the machine at the known address, and stays away', async () => {
  home = '192.0.2.1';
  const right = { bootId: '11111111-1', address: '192.0.2.1' };
  const copy = { bootId: '22222222-2', address: '192.0.2.2' };
  nextPeer = copy;
  const first = await connect('app-1');
  const closed = once(first, 'close');
  await hub.admit('app-1', right);
  nextPeer = right;
  await connect('app-1');
  await closed;
  await expect(hub.admit('app-1', copy)).rejects.toMatchObject({ code: 'conflict' });
  expect(events.filter(({ kind }) => kind === 'machine-twice')).toHaveLength(1);
});

test('what a machine’s clock shows is passed on, and is no part of what it said', async () => {
  const client = await connect('app-1');
  say(client, { kind: 'report', report: { ...emptyReport, clock: 7 } });
  await vi.waitFor(() => expect(clocks).toEqual([['app-1', 7]]));
  expect(hub.inventory.machines['app-1']).not.toHaveProperty('clock');
});

test('a machine that was started anew is let in though its old connection is not over', async () => {
  nextPeer = { bootId: '11111111-1' };
  await connect('app-1', { autoPong: false });
  await expect(hub.admit('app-1', { bootId: '22222222-2' })).resolves.toBeUndefined();
});

test('an agent that was started anew on the same system is let in at once', async () => {
  nextPeer = { bootId: '11111111-1', machineId: 'aaaaaaaa' };
  await connect('app-1');
  await expect(hub.admit('app-1', { bootId: '11111111-1', machineId: 'aaaaaaaa' })).resolves.toBeUndefined();
});
