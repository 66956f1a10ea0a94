import { expect, test } from 'vitest';
import { BallastError } from '#base/errors.ts';
import type { Step } from '#converge/step.ts';
import { createFailures } from './failures.ts';

const step: Step = {
  key: 'file:/etc/motd',
  action: 'create',
  resource: {
    kind: 'file',
    id: 'file:/etc/motd',
    after: [],
    origin: 'host',
    path: '/etc/motd',
    content: '',
    mode: 0o644,
    owner: 'root',
    group: 'root',
  } as unknown as Step['resource'],
  changes: [],
  cause: 'intentional',
  before: null,
  waitsFor: [],
};

test('a step that fails again and again is called hopeless after half a minute, until a new manifest', () => {
  const failures = createFailures();
  const full = new BallastError('command-failed', 'no space left', { fix: 'free some' });
  let now = 0;
  for (let times = 1; times <= 6; times += 1) {
    expect(failures.add(step, full, now)).toMatchObject({ what: 'no space left; free some', times });
    expect(failures.of(step.key)?.permanent).toBe(times === 6);
    now = failures.nextAt() ?? now;
  }
  expect(now).toBe((1 + 2 + 4 + 8 + 16 + 32) * 1_000);
  failures.forgive();
  expect(failures.list()).toEqual([{ resource: step.key, what: 'no space left; free some', origin: 'host' }]);
  expect(failures.add(step, full, now)).toMatchObject({ times: 1 });
});

test('what was undone is not held against the next manifest', () => {
  const failures = createFailures();
  expect(failures.add(step, new BallastError('undone', 'it was undone'), 0)).toMatchObject({ final: true });
  failures.forgive();
  expect(failures.list()).toEqual([]);
});

test('an image that does not exist will not appear by trying again', () => {
  const failures = createFailures();
  failures.add(step, new BallastError('image-not-found', 'there is none'), 0);
  expect(failures.of(step.key)?.permanent).toBe(true);
});
