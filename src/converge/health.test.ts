import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { afterCommand, afterProbe, type Health, probeDelayMs, startHealth } from './health.ts';

const plan = {
  kind: 'http',
  url: 'http://10.0.0.1:80/',
  intervalMs: 5_000,
  timeoutMs: 1_000,
  retries: 3,
  startPeriodMs: 10_000,
} as const;

const fail = (at: number) => ({ at, ok: false, detail: 'refused' });
const pass = (at: number) => ({ at, ok: true, detail: '200' });

/** Probes every `step` ms until `end`, all failing. */
function failing(health: Health, from: number, end: number, step = 250): Health {
  let state = health;
  for (let at = from; at <= end; at += step) state = afterProbe(state, plan, fail(at));
  return state;
}

describe('health', () => {
  test('is healthy at the first success', () => {
    expect(afterProbe(startHealth(0, 10_000), plan, pass(60)).status).toBe('healthy');
  });

  test('failures during the start period do not count', () => {
    const health = failing(startHealth(0, plan.startPeriodMs), 50, 10_000);
    expect(health).toMatchObject({ status: 'unknown', failures: 0, detail: 'refused' });
  });

  test('eager probes count once an interval, so it takes retries times the interval to be unhealthy', () => {
    const start = startHealth(0, plan.startPeriodMs);
    expect(failing(start, 50, 24_900).status).toBe('unknown');
    expect(failing(start, 50, 25_400).status).toBe('unhealthy');
  });

  test('a healthy one is unhealthy after as many failures in a row as it has retries', () => {
    let health = afterProbe(startHealth(0), plan, pass(50));
    for (const at of [5_000, 10_000]) health = afterProbe(health, plan, fail(at));
    expect(health.status).toBe('healthy');
    expect(afterProbe(health, plan, fail(15_000)).status).toBe('unhealthy');
    expect(afterProbe(health, plan, pass(15_000))).toMatchObject({ status: 'healthy', failures: 0 });
  });

  test('asks eagerly until the first success and at the interval from then on', () => {
    const start = startHealth(0);
    expect(probeDelayMs(start, plan)).toBe(50);
    expect(probeDelayMs({ ...start, probes: 20 }, plan)).toBe(250);
    expect(probeDelayMs({ ...start, probes: 20 }, { ...plan, intervalMs: 100 })).toBe(100);
    expect(probeDelayMs(afterProbe(start, plan, pass(1)), plan)).toBe(5_000);
  });

  test('never turns unhealthy without as many failures as it has retries', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.boolean(), fc.integer({ min: 1, max: 6_000 }))), (probes) => {
        let at = 0;
        let health = startHealth(0);
        let row = 0;
        for (const [ok, step] of probes) {
          at += step;
          row = ok ? 0 : row + 1;
          health = afterProbe(health, plan, ok ? pass(at) : fail(at));
          if (health.status === 'unhealthy') {
            expect(row).toBeGreaterThanOrEqual(plan.retries);
            return;
          }
        }
      }),
    );
  });

  test.each([
    ['healthy', 'healthy'],
    ['unhealthy', 'unhealthy'],
    ['starting', 'unknown'],
  ])('takes podman’s %s as %s', (said, status) => {
    expect(afterCommand(startHealth(0), said).status).toBe(status);
  });

  test('keeps how the check ended and what it printed until it succeeds', () => {
    const asked = afterCommand(startHealth(0), 'starting', { exitCode: 2, output: 'one\n\nno database\n' });
    const found = afterCommand(asked, 'unhealthy');
    expect(found).toMatchObject({
      status: 'unhealthy',
      detail: 'its health check ended with exit code 2: no database',
      lines: ['one', 'no database'],
    });
    expect(afterCommand(found, 'unhealthy', { exitCode: 1, output: '' })).toMatchObject({
      detail: 'its health check ended with exit code 1 and printed nothing',
      lines: [],
    });
    expect(afterCommand(startHealth(0), 'unhealthy', { output: 'no table' })).toMatchObject({
      detail: 'its health check failed: no table',
    });
    expect(afterCommand(found, 'healthy')).not.toHaveProperty('detail');
    expect(afterCommand(found, 'healthy')).not.toHaveProperty('lines');
  });
});
