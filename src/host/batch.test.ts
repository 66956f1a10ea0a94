import { expect, test } from 'vitest';
import { batch, limit } from './batch.ts';

test('calls that come together share one run', async () => {
  const runs: number[][] = [];
  const add = batch<number>(async (items) => void runs.push([...items]), 1);
  await Promise.all([add(1), add(2), add(3)]);
  expect(runs).toEqual([[1, 2, 3]]);
});

test('a call during a run waits for a run that begins after it', async () => {
  const runs: number[][] = [];
  const first = Promise.withResolvers<void>();
  const started = Promise.withResolvers<void>();
  const add = batch<number>(async (items) => {
    runs.push([...items]);
    if (runs.length > 1) return;
    started.resolve();
    await first.promise;
  }, 1);
  const one = add(1);
  await started.promise;
  const two = add(2);
  expect(runs).toEqual([[1]]);
  first.resolve();
  await Promise.all([one, two]);
  expect(runs).toEqual([[1], [2]]);
});

test('a failure reaches all who share the run', async () => {
  const add = batch<number>(async () => {
    throw new Error('no');
  }, 1);
  expect(await Promise.allSettled([add(1), add(2)])).toMatchObject([
    { status: 'rejected' },
    { status: 'rejected' },
  ]);
});

test('a limit holds, whatever ends and however', async () => {
  const limited = limit(2);
  let running = 0;
  let most = 0;
  const work = (index: number) =>
    limited(async () => {
      running += 1;
      most = Math.max(most, running);
      await Promise.resolve();
      running -= 1;
      if (index % 3 === 0) throw new Error('no');
    });
  await Promise.allSettled(Array.from({ length: 10 }, (_, index) => work(index)));
  expect([running, most]).toEqual([0, 2]);
});
