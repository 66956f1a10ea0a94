import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { closeFleets, closeLater, obey, rollout, serverWith } from '#server/testing/fleet.ts';
import { replicas, someApp, someService } from '#server/testing/models.ts';
import { startTestServer } from '#server/testing/test-server.ts';
import { createClient } from '#wire/client.ts';
import { type OperationName } from '#wire/operations.ts';
import { outputSchemas } from '#wire/schemas.ts';
import type { FleetEvent } from '#wire/views.ts';

afterEach(closeFleets);

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
  closeLater(again.stop);
  expect(again.admin).toEqual(admin);
  expect(await again.client.call('listSecrets', {})).toMatchObject({ secrets: [{ name: 'k', version: 1 }] });
  expect(await again.client.call('status', {})).toMatchObject({
    machines: [{ name: 'm-1', status: 'offline' }],
    apps: [{ name: 'shop', release: 1, state: { phase: 'rolling' } }],
  });
  expect(first?.epoch).toBe(1);
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
