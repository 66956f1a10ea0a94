import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import type { ContainerResource } from '#compile/manifest.ts';
import type { ReplicaReport } from '#plan/model.ts';
import { replicas, someApp, someService } from '#server/testing/models.ts';
import { connectAgent, emptyReport, joinFleet, type TestAgent } from '#server/testing/test-agent.ts';
import { startTestServer, type TestServer } from '#server/testing/test-server.ts';
import { createClient } from '#wire/client.ts';
import { type OperationName } from '#wire/operations.ts';
import { outputSchemas } from '#wire/schemas.ts';
import type { FleetEvent, LogLine, RolloutView } from '#wire/views.ts';

const open: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

async function serverWith(machines: number): Promise<{ server: TestServer; agents: readonly TestAgent[] }> {
  const server = await startTestServer();
  open.push(async () => await server[Symbol.asyncDispose]());
  const agents: TestAgent[] = [];
  for (let i = 1; i <= machines; i += 1) agents.push((await joinedAgent(server, i)).agent);
  return { server, agents };
}

async function joinedAgent(server: TestServer, i: number) {
  const enrolment = await server.client.call('addMachine', {
    name: `m-${i}`,
    provider: 'ssh',
    address: `192.0.2.${i}`,
  });
  const connection = await joinFleet({ ...enrolment, server: server.url });
  const agent = await connectAgent(connection);
  open.push(async () => agent.socket.terminate());
  agent.report({});
  return { agent, connection };
}

/** Plays an agent that does as it is told, at once. */
function obey(
  agent: TestAgent,
  odd: (id: string) => Partial<ReplicaReport> | undefined = () => undefined,
): void {
  const replicasSeen = new Map<string, number>();
  agent.socket.on('message', () => {
    const message = agent.received.at(-1);
    if (message?.kind !== 'manifest') return;
    const containers = message.manifest.resources.filter(
      (each): each is ContainerResource => each.kind === 'container',
    );
    const now = Object.fromEntries(
      containers.map(({ name }) => {
        const since = replicasSeen.get(name) ?? Date.now();
        replicasSeen.set(name, since);
        return [
          name,
          { id: name, state: 'running', since, restarts: 0, ...odd(name) } satisfies ReplicaReport,
        ];
      }),
    );
    const { generation } = message.manifest;
    agent.report({ ...emptyReport, generation, converged: generation, replicas: now });
  });
}

async function rollout(server: TestServer, app: string): Promise<readonly RolloutView[]> {
  const views: RolloutView[] = [];
  for await (const view of server.client.stream(
    'watchRollout',
    { app },
    { signal: AbortSignal.timeout(15_000) },
  )) {
    outputSchemas.watchRollout.parse(view);
    views.push(view);
  }
  return views;
}

const shop = someApp('shop', [replicas(someService('web'), 3)]);
const request = { app: 'shop', model: shop, origins: {}, note: 'deploy', secretValues: {} };

test('a deploy is rolled out over agents, watched to its end, and answers of every kind keep their form', async () => {
  const { server, agents } = await serverWith(2);
  for (const agent of agents) obey(agent);
  const { client } = server;
  expect(await client.call('createRelease', request)).toMatchObject({ release: 1, changed: true });
  const views = await rollout(server, 'shop');
  expect(views.at(-1)).toMatchObject({
    done: 'healthy',
    app: { release: 1, services: [{ healthy: 3, placed: 3 }] },
  });
  expect(new Set(views.map((view) => JSON.stringify(view))).size).toBe(views.length);
  expect(await client.call('createRelease', request)).toMatchObject({ release: 1, changed: false });
  const answers: Partial<Record<OperationName, unknown>> = {
    status: await client.call('status', {}),
    listApps: await client.call('listApps', {}),
    listReplicas: await client.call('listReplicas', { app: 'shop' }),
    listReleases: await client.call('listReleases', { app: 'shop' }),
    listMachines: await client.call('listMachines', {}),
    listSecrets: await client.call('listSecrets', {}),
    registryAccess: await client.call('registryAccess', {}),
    previewApp: await client.call('previewApp', {
      model: someApp('shop', [replicas(someService('web'), 4)]),
      origins: {},
    }),
  };
  for (const [name, answer] of Object.entries(answers)) outputSchemas[name as OperationName].parse(answer);
  expect(answers.status).toMatchObject({ machines: [{ status: 'online', conformity: 'up-to-date' }, {}] });
  expect(answers.previewApp).toMatchObject({ problems: [], summary: { replace: 0, remove: 0 } });
  const events: FleetEvent[] = [];
  for await (const event of client.stream('events', { tail: 100 })) events.push(event);
  expect(events.map((event) => event.kind)).toEqual(
    expect.arrayContaining(['machine-added', 'machine-online', 'release', 'rollout-healthy']),
  );
  await client.call('removeApp', { app: 'shop' });
  expect((await rollout(server, 'shop')).at(-1)).toMatchObject({ done: 'removed' });
  await vi.waitFor(async () => {
    expect(await client.call('listReleases', { app: 'shop' }).catch((e: unknown) => e)).toMatchObject({
      code: 'not-found',
    });
  });
});

test('a release that fails ends at the one before, with the last lines it printed', async () => {
  const { server, agents } = await serverWith(1);
  for (const agent of agents) {
    obey(agent, (id) =>
      id.endsWith('-r2') ? { state: 'failed', exitCode: 7, log: ['no database'] } : undefined,
    );
  }
  const { client } = server;
  await client.call('createRelease', request);
  await rollout(server, 'shop');
  const bad = someApp('shop', [replicas(someService('web', { environment: { A: '1' } }), 3)]);
  await client.call('createRelease', { ...request, model: bad });
  expect((await rollout(server, 'shop')).at(-1)).toMatchObject({
    done: 'rolled-back',
    failure: { release: 2, exitCode: 7, log: ['no database'] },
  });
});

test('a server that is ended and started again goes on with everything it had acknowledged', async () => {
  const { server, agents } = await serverWith(1);
  const { client, dataDir, admin } = server;
  await client.call('setSecret', { secret: 'k', value: 'v' });
  await client.call('createRelease', request);
  const first = await agents[0]?.next('manifest');
  const began = performance.now();
  await server.stop();
  expect(performance.now() - began).toBeLessThan(1_000);
  const again = await startTestServer({ listen: [admin.server.replace('https://', '')] }, dataDir);
  open.push(again.stop);
  expect(again.admin).toEqual(admin);
  expect(await again.client.call('listSecrets', {})).toMatchObject({ secrets: [{ name: 'k', version: 1 }] });
  expect(await again.client.call('status', {})).toMatchObject({
    machines: [{ name: 'm-1', status: 'offline' }],
    apps: [{ name: 'shop', release: 1, state: { phase: 'rolling' } }],
  });
  expect(first?.epoch).toBe(1);
});

test('logs of all machines come in order of time; the command line of an exec goes to the right machine', async () => {
  const { server, agents } = await serverWith(2);
  for (const agent of agents) obey(agent);
  const { client } = server;
  await client.call('createRelease', request);
  await rollout(server, 'shop');
  const { replicas: placed } = await client.call('listReplicas', { app: 'shop' });
  const lines: LogLine[] = placed.map((replica, i) => ({
    ...{
      replica: replica.id,
      service: 'web',
      machine: replica.machine,
      at: 1_000 - i,
      stream: 'stdout' as const,
    },
    text: `line ${i}`,
  }));
  for (const [i, agent] of agents.entries()) {
    void agent.next('logs').then((ask) => {
      expect(ask).toMatchObject({ follow: false, tail: 5 });
      for (const line of lines.filter((each) => each.machine === `m-${i + 1}`).sort((a, b) => a.at - b.at)) {
        agent.say({ kind: 'log', stream: ask.stream, line });
      }
      agent.say({ kind: 'end', stream: ask.stream, code: 0 });
    });
    void agent.next('exec').then((ask) => {
      expect(ask).toMatchObject({ command: ['cat'], stdin: true });
      void agent
        .next('stdin')
        .then(({ data }) => agent.say({ kind: 'output', stream: ask.stream, fd: 1, data }));
      void agent.next('stdin-end').then(() => agent.say({ kind: 'end', stream: ask.stream, code: 3 }));
    });
  }
  const seen: LogLine[] = [];
  for await (const line of client.stream('logs', { app: 'shop', tail: 5 })) seen.push(line);
  expect(seen.map((line) => line.at)).toEqual([998, 999, 1_000]);
  const session = await client.exec('shop', {
    service: 'web',
    command: ['cat'],
    tty: false,
    stdin: true,
    env: {},
  });
  await session.write(Buffer.from('hello'));
  session.endStdin();
  let output = '';
  for await (const { data } of session.output) output += Buffer.from(data).toString();
  expect(output).toBe('hello');
  expect(await session.ended).toBe(3);
});

test('a followed log takes in replicas that come later', async () => {
  const { server, agents } = await serverWith(1);
  const [agent] = agents;
  if (agent === undefined) throw new Error('no agent');
  obey(agent);
  const { client } = server;
  await client.call('createRelease', { ...request, model: someApp('shop', [someService('web')]) });
  await rollout(server, 'shop');
  const abort = new AbortController();
  const seen: string[] = [];
  const reading = (async () => {
    for await (const line of client.stream('logs', { app: 'shop', follow: true }, { signal: abort.signal }))
      seen.push(line.replica);
  })().catch((e: unknown) => e);
  const line = { service: 'web', machine: 'm-1', at: 1, stream: 'stdout' as const, text: 'x' };
  const first = await agent.next('logs');
  agent.say({ kind: 'log', stream: first.stream, line: { ...line, replica: first.replicas[0] ?? '' } });
  await client.call('scaleApp', { app: 'shop', replicas: { web: 2 } });
  const second = await agent.next('logs');
  expect(second.replicas).toHaveLength(1);
  expect(second.replicas).not.toEqual(first.replicas);
  agent.say({ kind: 'log', stream: second.stream, line: { ...line, replica: second.replicas[0] ?? '' } });
  await vi.waitFor(() => expect(seen).toEqual([first.replicas[0], second.replicas[0]]));
  abort.abort();
  expect(await reading).toMatchObject({ code: 'interrupted' });
  expect((await agent.next('cancel')).kind).toBe('cancel');
});

test('the values of secrets reach the machine that needs them and no answer, event or log line', async () => {
  const canary = 'canary-5f1d-value';
  const { server, agents } = await serverWith(1);
  const [agent] = agents;
  if (agent === undefined) throw new Error('no agent');
  obey(agent);
  const { client } = server;
  const grant = { target: '/run/secrets/a', uid: 0, gid: 0, mode: 0o400 };
  const model = someApp(
    'shop',
    [
      someService('web', {
        secrets: [
          { ...grant, source: 'ext' },
          { ...grant, source: 'own', target: '/x' },
        ],
      }),
    ],
    {
      secrets: {
        ext: { name: 'api', from: { kind: 'external' } },
        own: { name: 'own', from: { kind: 'file', path: '/f' } },
      },
    },
  );
  const said: unknown[] = [
    await client.call('setSecret', { secret: 'api', value: `${canary}-1` }),
    await client.call('setSecret', { secret: 'unused', value: `${canary}-3` }),
    await client.call('createRelease', { ...request, model, secretValues: { own: `${canary}-2` } }),
    await client
      .call('setSecret', { secret: 'bad name!', value: canary })
      .catch((e: unknown) => [e, JSON.stringify(e)]),
    await client
      .call('createRelease', {
        ...request,
        model: { ...model, name: 'other' },
        secretValues: { own: canary },
      })
      .catch((e: unknown) => e),
    await rollout(server, 'shop'),
    await client.call('status', {}),
    await client.call('listSecrets', {}),
    await client.call('previewApp', { model, origins: {} }),
    await client.call('listReleases', { app: 'shop' }),
    await client.get('/metrics'),
    await client.get('/readyz?verbose'),
  ];
  for await (const event of client.stream('events', {})) said.push(event);
  const text = said
    .map((each) =>
      each instanceof Error ? `${each.message}${JSON.stringify({ ...each })}` : JSON.stringify(each),
    )
    .join('\n');
  expect(text).not.toContain(canary);
  expect(server.logged.join('')).not.toContain(canary);
  for (const file of ['ballast.db', 'ballast.db-wal']) {
    expect(readFileSync(join(server.dataDir, file)).includes(canary)).toBe(false);
  }
  const manifests = agent.received.filter((message) => message.kind === 'manifest');
  const given = Object.entries(manifests.at(-1)?.secrets ?? {}).filter(
    ([name]) => !name.startsWith('ballast.'),
  );
  expect(Object.fromEntries(given)).toEqual({ 'api@1': `${canary}-1`, 'shop.own@1': `${canary}-2` });
  expect(said.flat().filter((each) => (each as FleetEvent).kind === 'secret-set')).toHaveLength(3);
});

test.each([
  ['GET', '/v1/statsu', 404, 'did you mean GET /v1/status?'],
  ['PUT', '/v1/secrets/x', 400, undefined],
])('%s %s is answered with %i', async (method, path, status, fix) => {
  const { server } = await serverWith(0);
  const client = createClient(server.admin);
  if (method === 'GET') {
    await expect(client.get(path)).rejects.toMatchObject({ http: status, detail: { fix } });
  } else {
    const odd = { secret: 'x', value: 1 } as unknown as { secret: string; value: string };
    await expect(client.call('setSecret', odd)).rejects.toMatchObject({ http: status });
  }
  client.close();
});

test('a body that is too long is refused', async () => {
  const { server } = await serverWith(0);
  const value = 'x'.repeat(9 << 20);
  await expect(server.client.call('setSecret', { secret: 'x', value })).rejects.toMatchObject({
    code: expect.stringMatching(/bad-request|no-server/),
  });
});
