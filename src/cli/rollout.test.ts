import { describe, expect, test } from 'vitest';
import { unicodeMarks } from './render/marks.ts';
import { plain } from './render/paint.ts';
import { isAbout, rolloutChanges } from './rollout-changes.ts';
import { failureOf, timeoutOf, unlessLeft } from './rollout-outcome.ts';
import { rolloutPicture } from './rollout-view.ts';
import { appView, machineView, replicaView, rolloutView } from './testing/views.ts';

const canvas = { paint: plain, marks: unicodeMarks };
const rolling = { wanted: 2, target: 2, healthy: 1, phase: 'rolling', since: 0 } as const;
const failure = {
  release: 2,
  service: 'web',
  replica: 'guestbook-web-1-r2',
  machine: 'app-2',
  what: 'ended again and again',
  exitCode: 3,
  log: ['cannot bind'],
};

const starting = rolloutView({
  app: appView({
    release: 2,
    state: rolling,
    services: [
      { name: 'db', image: 'i', wanted: 1, placed: 1, healthy: 1, updated: 1, ports: [] },
      { name: 'web', image: 'i', wanted: 3, placed: 3, healthy: 3, updated: 1, ports: [] },
    ],
  }),
  replicas: [
    replicaView({ id: 'guestbook-db-1-r1' }),
    replicaView({ id: 'guestbook-web-1-r2', release: 2 }),
    replicaView({
      id: 'guestbook-web-2-r2',
      machine: 'app-2',
      phase: 'starting',
      report: { id: 'x', state: 'starting', since: 0, restarts: 0 },
    }),
    replicaView({ id: 'guestbook-web-2-r1', machine: 'app-2' }),
    replicaView({ id: 'guestbook-web-3-r1', machine: 'app-3' }),
  ],
});

describe('the live view', () => {
  test('has a line per service, its replicas as dots, and the last events', () => {
    const picture = {
      view: starting,
      release: 2,
      elapsed: '4.2 s',
      frame: 0,
      events: ['app-2: image pulled'],
    };
    expect(rolloutPicture(picture, canvas).join('\n')).toMatchInlineSnapshot(`
      "⠋ Rolling out guestbook, release 2  4.2 s
        db    ●  1/1 healthy
        web   ●●◐●  3/3 healthy, 1 new  starting on app-2
        │ app-2: image pulled"
    `);
  });

  test('shows trouble and what is waited for', () => {
    const view = rolloutView({
      app: appView({
        state: { ...rolling, phase: 'rolling-back', target: 1 },
        waiting: ['no room for web-3'],
      }),
      replicas: [
        replicaView({
          id: 'guestbook-web-1-r2',
          report: { id: 'x', state: 'failed', since: 0, restarts: 4, exitCode: 3, detail: 'cannot bind' },
        }),
      ],
    });
    const picture = { view, release: 2, elapsed: '9 s', frame: 1, events: [] };
    expect(rolloutPicture(picture, canvas).join('\n')).toMatchInlineSnapshot(`
      "⠙ Rolling guestbook back to release 1  9 s
        db    ○  1/1 healthy
        web   ✗○○  3/3 healthy  failed on app-1
        ! guestbook-web-1-r2 on app-1 exited with code 3, is not started again, restarted 4 times: cannot bind
        ! no room for web-3"
    `);
  });
});

describe('plain lines', () => {
  test('tell of each change once', () => {
    const first = rolloutView({
      app: appView({ state: rolling }),
      replicas: [replicaView({ id: 'guestbook-web-1-r1' })],
    });
    const born = replicaView({ id: 'guestbook-web-1-r2', machine: 'app-2', phase: 'starting', report: null });
    const second = rolloutView({ ...first, replicas: [...first.replicas, born] });
    const healthy = replicaView({ id: 'guestbook-web-1-r2', machine: 'app-2' });
    const leaving = replicaView({ id: 'guestbook-web-1-r1', phase: 'draining' });
    const third = rolloutView({ ...first, replicas: [leaving, healthy] });
    const last = rolloutView({ ...first, replicas: [healthy] });
    expect(rolloutChanges(undefined, first)).toEqual([]);
    expect(rolloutChanges(first, second)).toEqual(['guestbook-web-1-r2 goes to app-2: most memory free']);
    expect(rolloutChanges(second, second)).toEqual([]);
    expect(rolloutChanges(second, third)).toEqual([
      'guestbook-web-1-r1 on app-1 is taken out of service',
      'guestbook-web-1-r2 on app-2 is healthy',
    ]);
    expect(rolloutChanges(third, last)).toEqual(['guestbook-web-1-r1 is no longer wanted on app-1']);
  });

  test('tell of a failure and the way back', () => {
    const before = rolloutView({ app: appView({ state: rolling }) });
    const after = rolloutView({
      app: appView({ state: { ...rolling, phase: 'rolling-back', target: 1 } }),
      failure,
    });
    expect(rolloutChanges(before, after)).toEqual([
      'guestbook-web-1-r2 on app-2 failed: ended again and again',
      'rolling back to release 1',
    ]);
  });
});

test('a snapshot of an older rollout is not about ours', () => {
  expect(isAbout(rolloutView({ plan: 4 }), { release: 2, plan: 5 })).toBe(false);
  expect(isAbout(rolloutView({ plan: 5 }), { release: 2, plan: 5 })).toBe(false);
  expect(isAbout(rolloutView({ plan: 5, app: appView({ state: rolling }) }), { release: 2, plan: 5 })).toBe(
    true,
  );
});

describe('the end', () => {
  test('of a release that was rolled back is exit 3, with the failure and its log', () => {
    const state = { ...rolling, phase: 'failed', target: 1 } as const;
    const error = failureOf(
      rolloutView({ done: 'rolled-back', failure, app: appView({ state }) }),
      2,
      '12 s',
    );
    expect(error.exit).toBe(3);
    expect(error.message).toBe('release 2 of guestbook failed after 12 s; release 1 runs again, as before');
    expect(error.detail).toMatchObject({
      why: 'service web: guestbook-web-1-r2 on app-2 ended again and again (exit code 3)',
      log: ['cannot bind'],
    });
  });

  test('of a first release that failed says that nothing runs', () => {
    const state = { ...rolling, phase: 'failed', target: null, healthy: null } as const;
    const error = failureOf(
      rolloutView({ done: 'rolled-back', failure, app: appView({ state }) }),
      2,
      '12 s',
    );
    expect(error.message).toContain('nothing of it runs now');
  });

  test('of patience is exit 4 and says what is waited for', () => {
    const error = timeoutOf(starting, 'guestbook', '5 m 0 s', {
      machines: [machineView()],
      words: ['warming up'],
    });
    expect(error.exit).toBe(4);
    expect(error.detail.why).toBe('guestbook-web-2-r2 on app-2 is not healthy yet');
    expect(error.detail.log).toEqual(['warming up']);
  });

  test('of patience is exit 6 when a machine is away', () => {
    const machines = [machineView({ name: 'app-2', status: 'offline' })];
    const error = timeoutOf(starting, 'guestbook', '5 m 0 s', { machines, words: [] });
    expect(error.exit).toBe(6);
    expect(error.detail.why).toBe('guestbook-web-2-r2 is on app-2, which cannot be reached');
    expect(error.message).toBe('guestbook is not healthy after 5 m 0 s: app-2 cannot be reached');
  });
});

test('leaving while a release is asked for says that its rollout goes on', async () => {
  const asking = Promise.reject(new Error('cut off'));
  const app = { app: 'guestbook', release: 0 };
  await expect(unlessLeft(app, AbortSignal.abort(), asking)).rejects.toMatchObject({
    exit: 130,
    message: 'no longer waiting; the rollout of guestbook goes on by itself',
  });
  await expect(unlessLeft(app, new AbortController().signal, asking)).rejects.toThrow('cut off');
});
