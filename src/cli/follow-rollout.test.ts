import { describe, expect, test } from 'vitest';
import { BallastError } from '#base/errors.ts';
import type { Client } from '#wire/client.ts';
import type { ReleaseAnswer, RolloutView } from '#wire/views.ts';
import { finishRollout } from './finish-rollout.ts';
import { followRollout } from './follow-rollout.ts';
import { progressOn } from './render/progress.ts';
import type { Shell } from './shell.ts';
import { testShell } from './testing/shell.ts';
import { appView, machineView, replicaView, rolloutView } from './testing/views.ts';

type Snapshots = readonly (RolloutView | BallastError)[];

/** A server whose watch gives these snapshots, one list per connection; after the last it stays silent. */
function server(...connections: readonly Snapshots[]): Client {
  const left = [...connections];
  async function* watch(signal: AbortSignal): AsyncGenerator<unknown> {
    const snapshots = left.shift();
    for (const snapshot of snapshots ?? []) {
      if (snapshot instanceof BallastError) throw snapshot;
      yield snapshot;
    }
    if (left.length > 0) return;
    await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
    throw new BallastError('interrupted', 'watch was interrupted');
  }
  const client = {
    call: async () => ({ machines: [machineView()] }),
    stream: (name: string, _: unknown, { signal }: { signal: AbortSignal }) =>
      name === 'watchRollout' ? watch(signal) : (async function* () {})(),
    close() {},
  };
  return client as unknown as Client;
}

const rollout = { app: 'guestbook', release: 2, plan: 5 };
const state = { wanted: 2, target: 2, healthy: 1, phase: 'rolling', since: 0 } as const;
const rolling = rolloutView({ plan: 5, app: appView({ release: 2, state }) });
const healthy = rolloutView({
  plan: 6,
  done: 'healthy',
  app: appView({ release: 2, state: { ...state, healthy: 2, phase: 'steady' } }),
});

async function follow(client: Client, { shell = testShell(), timeoutMs = 5_000 } = {}) {
  const progress = progressOn(shell, false);
  try {
    return {
      view: await followRollout(rollout, { client, progress, timeoutMs }, shell),
      text: shell.stderr(),
    };
  } catch (error) {
    return { error: error as BallastError, text: shell.stderr() };
  }
}

describe('a rollout is followed', () => {
  test('until it is healthy', async () => {
    expect((await follow(server([rolling, healthy]))).view).toBe(healthy);
  });

  test('past snapshots of the rollout before it', async () => {
    const before = rolloutView({ plan: 4, done: 'healthy' });
    expect((await follow(server([before, rolling, healthy]))).view).toBe(healthy);
  });

  test('through a restart of the server', async () => {
    const gone = new BallastError('no-server', 'gone');
    const { view, text } = await follow(server([rolling, gone], [gone], [rolling, healthy]));
    expect(view).toBe(healthy);
    expect(text.match(/the server went away/g)).toHaveLength(1);
    expect(text).toContain('the server is back');
  });

  test('until it failed: exit 3', async () => {
    const done = rolloutView({
      plan: 7,
      done: 'rolled-back',
      app: appView({ state: { ...state, target: 1, phase: 'failed' } }),
    });
    expect((await follow(server([rolling, done]))).error?.exit).toBe(3);
  });

  test('until time is up: exit 4, with what it waits for', async () => {
    const starting = replicaView({ id: 'guestbook-web-1-r2', report: null });
    const { error } = await follow(server([{ ...rolling, replicas: [starting] }]), { timeoutMs: 50 });
    expect(error?.exit).toBe(4);
    expect(error?.detail.why).toContain('guestbook-web-1-r2 on app-1 has not started yet');
  });

  test('until time is up and the server is away: exit 1, and not that it goes on', async () => {
    const gone = new BallastError('no-server', 'gone', { why: 'nothing listens at that address' });
    const call = (): Promise<never> => Promise.reject(gone);
    const client = { ...server([rolling, gone]), call } as unknown as Client;
    const { error } = await follow(client, { timeoutMs: 50 });
    expect(error).toMatchObject({ code: 'no-server', exit: 1 });
    expect(error?.message).toContain('the server cannot be reached after');
    expect(error?.detail.why).toBe('nothing listens at that address');
  });

  test('until somebody else overtakes it: exit 5', async () => {
    const other = rolloutView({
      ...healthy,
      app: appView({ release: 3, state: { ...state, wanted: 3, target: 3, phase: 'steady' } }),
    });
    const { error } = await follow(server([rolling, other]));
    expect(error?.exit).toBe(5);
    expect(error?.message).toBe('release 2 of guestbook was overtaken by release 3');
  });

  test('until Ctrl-C: exit 130, and it says that the rollout goes on', async () => {
    const interrupt = new AbortController();
    const shell: Shell & ReturnType<typeof testShell> = { ...testShell(), signal: interrupt.signal };
    setTimeout(() => interrupt.abort(), 50);
    const { error } = await follow(server([rolling]), { shell });
    expect(error?.exit).toBe(130);
    expect(error?.message).toContain('the rollout of guestbook goes on by itself');
    expect(error?.detail.fix).toContain('ballast rollback -a guestbook');
  });

  test('but other errors end it', async () => {
    const { error } = await follow(server([new BallastError('forbidden', 'no')]));
    expect(error?.code).toBe('forbidden');
  });
});

test('a terminal sees one view in place, others a line per change', async () => {
  const born = replicaView({ id: 'guestbook-web-1-r2', report: null });
  const snapshots = [rolling, { ...rolling, replicas: [born] }, healthy];
  const plain = await follow(server(snapshots));
  expect(plain.text).toContain('guestbook-web-1-r2 goes to app-1: most memory free\n');
  const terminal = await follow(server(snapshots), { shell: testShell({ terminal: true }) });
  expect(terminal.text).toContain('Rolling out guestbook, release 2');
  expect(terminal.text).not.toContain('goes to app-1');
  expect(terminal.text.endsWith('\u001b[J')).toBe(true);
});

describe('the end of a command', () => {
  const flags = { detach: false, timeout: undefined, output: undefined, json: false };

  test.each<readonly [Partial<ReleaseAnswer> & { changed: boolean }, object, string]>([
    [{ changed: true }, {}, 'guestbook release 2 is healthy: db 1/1, web 3/3'],
    [{ changed: false }, {}, 'nothing to do: guestbook release 2 already runs like this and is healthy'],
    [{ changed: false, rolling: true }, {}, 'is just this and on its way already: waiting for it'],
    [{ changed: false, rolling: true }, {}, 'guestbook release 2 is healthy: db 1/1, web 3/3'],
    [{ changed: true }, { detach: true }, 'release 2 of guestbook is on its way'],
    [{ changed: false, rolling: true }, { detach: true }, 'release 2 of guestbook is on its way already'],
  ])('says what came of it: %j %j', async (answer, over, expected) => {
    const shell = testShell();
    const progress = progressOn(shell, false);
    const begun = { app: 'guestbook', answer: { release: 2, plan: 5, ...answer } };
    const code = await finishRollout(
      begun,
      { ...flags, ...over },
      { client: server([healthy]), progress },
      shell,
    );
    expect(code).toBe(0);
    expect(shell.stdout()).toBe('');
    expect(shell.stderr()).toContain(expected);
  });

  test('is data for a program', async () => {
    const shell = testShell();
    const progress = progressOn(shell, true);
    const begun = { app: 'guestbook', answer: { release: 2, plan: 5, changed: true } };
    await finishRollout(begun, { ...flags, json: true }, { client: server([healthy]), progress }, shell);
    expect(JSON.parse(shell.stdout())).toMatchObject({
      format_version: '1.0',
      release: 2,
      result: 'healthy',
    });
  });
});
