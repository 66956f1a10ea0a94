import { expect, test } from 'vitest';
import { inTurn } from './bounded.ts';

test('never more than the limit at once, answers in order', async () => {
  let running = 0;
  let most = 0;
  const answers = await inTurn([5, 1, 3, 2], 2, async (ms) => {
    running += 1;
    most = Math.max(most, running);
    await new Promise((resolve) => setTimeout(resolve, ms));
    running -= 1;
    return ms;
  });
  expect(answers).toEqual([5, 1, 3, 2]);
  expect(most).toBe(2);
});

test('after a failure nothing new is begun', async () => {
  const begun: number[] = [];
  const work = inTurn([1, 2, 3, 4], 1, async (item) => {
    begun.push(item);
    if (item === 2) throw new Error('two');
    await Promise.resolve();
  });
  await expect(work).rejects.toThrow('two');
  expect(begun).toEqual([1, 2]);
});
