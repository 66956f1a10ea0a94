import { afterEach, expect, test, vi } from 'vitest';
import { closeFleets, obey, rollout, serverWith } from '#server/testing/fleet.ts';
import { replicas, someApp, someService } from '#server/testing/models.ts';
import type { LogLine } from '#wire/views.ts';

afterEach(closeFleets);

const shop = someApp('shop', [replicas(someService('web'), 3)]);
const request = { app: 'shop', model: shop, origins: {}, note: 'deploy', secretValues: {} };

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
      expect(ask).toMatchObject({ command: ['cat'], stdin: true, size: { rows: 40, columns: 132 } });
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
    tty: true,
    size: { rows: 40, columns: 132 },
    stdin: true,
    env: {},
  });
  const resized = Promise.any(agents.map((agent) => agent.next('resize')));
  session.resize({ rows: 50, columns: 100 });
  expect(await resized).toMatchObject({ size: { rows: 50, columns: 100 } });
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

test('an exec that a signal ends was interrupted: the server is not called away', async () => {
  const { server, agents } = await serverWith(1);
  for (const agent of agents) obey(agent);
  const { client } = server;
  await client.call('createRelease', request);
  await rollout(server, 'shop');
  const start = { service: 'web', command: ['sleep', '60'], tty: false, stdin: false, env: {} };
  const signal = new AbortController();
  const session = await client.exec('shop', start, { signal: signal.signal });
  await agents[0]?.next('exec');
  signal.abort();
  await expect(session.ended).rejects.toMatchObject({ code: 'interrupted', exit: 130 });
  const connecting = new AbortController();
  const early = client.exec('shop', start, { signal: connecting.signal }).then(({ ended }) => ended);
  connecting.abort();
  await expect(early).rejects.toMatchObject({ code: 'interrupted' });
});
