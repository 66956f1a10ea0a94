import { expect, it } from 'vitest';
import { ageOf } from './replica-words.ts';

it('a replica that has begun at no time has no age', () => {
  const report = { id: 'web-1', state: 'starting', since: 0, restarts: 0 } as const;
  expect(ageOf(report, 1_800_000_000_000)).toBe('');
  expect(ageOf({ ...report, since: 1_000 }, 61_000)).toBe('60s');
  expect(ageOf(null, 1)).toBe('');
});
