import { describe, expect, test } from 'vitest';
import { startHealth } from './health.ts';
import { judgeReplica, type ReplicaFacts } from './replica.ts';
import { afterLook, type Restarts, restartsTooOften, type UnitFacts } from './restarts.ts';

const unit: UnitFacts = {
  active: 'active',
  sub: 'running',
  result: 'success',
  restarts: 0,
  exitCode: 0,
  exitKind: 0,
  exitedUs: 0,
  invocation: 'i1',
};

const look = (known: Restarts | undefined, more: Partial<UnitFacts>, now: number, quadlet = 'q') =>
  afterLook(known, { ...unit, ...more }, { now, quadlet });

const calm = look(undefined, {}, 0);
const looping: Restarts = { ...calm, total: 3, recent: [1, 2, 3], exitCode: 7 };
const healthy = { ...startHealth(0), status: 'healthy' as const };

const facts = (more: Partial<ReplicaFacts>): ReplicaFacts => ({
  id: 'web-1',
  unit,
  health: healthy,
  restarts: calm,
  mayEnd: false,
  ended: null,
  oomKilled: false,
  log: ['last words'],
  ...more,
});

const wrong = { log: ['last words'] };

describe('a replica', () => {
  test.each<[string, Partial<ReplicaFacts>, object]>([
    ['healthy: running', {}, { state: 'running' }],
    ['not known: starting', { health: startHealth(0) }, { state: 'starting' }],
    [
      'unhealthy',
      { health: { ...healthy, status: 'unhealthy', detail: '500' } },
      { state: 'unhealthy', detail: '500', ...wrong },
    ],
    [
      'waiting for its restart',
      { unit: { ...unit, active: 'activating', sub: 'auto-restart' } },
      { state: 'restarting', ...wrong },
    ],
    ['being set up', { unit: { ...unit, active: 'activating', sub: 'start' } }, { state: 'starting' }],
    [
      'looping: failed',
      { restarts: looping, health: startHealth(0) },
      { state: 'failed', exitCode: 7, restarts: 3, ...wrong },
    ],
    ['recovered', { restarts: looping }, { state: 'running', restarts: 3 }],
    [
      'given up by systemd',
      { unit: { ...unit, active: 'failed', result: 'start-limit-hit' } },
      { state: 'failed', detail: 'systemd gave up starting it', ...wrong },
    ],
    [
      'ended with an error',
      { unit: { ...unit, active: 'failed', result: 'exit-code' }, restarts: { ...calm, exitCode: 3 } },
      { state: 'failed', ...wrong },
    ],
    [
      'ended as it may',
      { unit: { ...unit, active: 'inactive', exitedUs: 5 }, mayEnd: true },
      { state: 'completed', exitCode: 0 },
    ],
    ['stopped by hand', { unit: { ...unit, active: 'inactive', exitedUs: 5 } }, { state: 'stopped' }],
    [
      'a one-off that failed',
      { ended: { exitCode: 2 }, mayEnd: true },
      { state: 'failed', exitCode: 2, ...wrong },
    ],
  ])('%s', (_, more, expected) => {
    expect(judgeReplica(facts(more), undefined, 10)).toMatchObject({ id: 'web-1', since: 10, ...expected });
  });

  test('keeps the time it entered its state', () => {
    const first = judgeReplica(facts({}), undefined, 10);
    expect(judgeReplica(facts({}), first, 20).since).toBe(10);
    expect(judgeReplica(facts({ health: startHealth(0) }), first, 20).since).toBe(20);
  });

  test('that is well shows no log', () => {
    expect(judgeReplica(facts({}), undefined, 10)).not.toHaveProperty('log');
  });
});

describe('restarts', () => {
  test('are what systemd counts', () => {
    const one = look(calm, { restarts: 1, exitKind: 1, exitCode: 9 }, 100);
    expect(one).toMatchObject({ total: 1, recent: [100], exitCode: 9 });
    expect(look(one, { restarts: 1, invocation: 'i2' }, 200)).toMatchObject({ total: 1, exitCode: 9 });
  });

  test('go on when an explicit restart sets systemd’s count back', () => {
    expect(look(calm, { invocation: 'i9' }, 50).total).toBe(1);
    const two = look(calm, { restarts: 2, invocation: 'i3' }, 100);
    expect(look(two, { restarts: 0, invocation: 'i9' }, 200).total).toBe(3);
  });

  test('begin anew with another container', () => {
    expect(look(looping, {}, 100, 'other')).toMatchObject({ total: 0, recent: [] });
  });

  test('three within a minute are too many, and forgotten a minute later', () => {
    let state: Restarts = calm;
    for (const count of [1, 2, 3]) state = look(state, { restarts: count }, count * 1_000);
    expect(restartsTooOften(state, 4_000)).toBe(true);
    expect(restartsTooOften(state, 62_500)).toBe(false);
  });
});
