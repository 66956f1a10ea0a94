import { expect, test } from 'vitest';
import { holderOf, tryLock, withLock } from './lock.ts';

const patient = new AbortController().signal;
const key = (name: string): string => `lock.test ${name} ${process.pid}`;

test('of many who want a lock, one at a time has it', async () => {
  let inside = 0;
  let most = 0;
  let done = 0;
  const work = async () => {
    inside += 1;
    most = Math.max(most, inside);
    await new Promise((resolve) => setTimeout(resolve, 1));
    inside -= 1;
    done += 1;
  };
  await Promise.all(Array.from({ length: 20 }, () => withLock(key('many'), patient, work)));
  expect({ most, done }).toEqual({ most: 1, done: 20 });
});

test('a lock is given back when the work fails', async () => {
  const failing = withLock(key('fails'), patient, async () => Promise.reject(new Error('no')));
  await expect(failing).rejects.toThrow('no');
  await expect(withLock(key('fails'), patient, async () => 'yes')).resolves.toBe('yes');
});

test('who holds a lock is told to those who ask', async () => {
  expect(await holderOf(key('named'))).toBeUndefined();
  const held = await tryLock(key('named'), 'the first of two');
  expect(await holderOf(key('named'))).toBe('the first of two');
  held?.release();
  expect(await holderOf(key('named'))).toBeUndefined();
});

test('whoever waits for a lock can be told to stop', async () => {
  const held = await tryLock(key('held'));
  expect(await tryLock(key('held'))).toBeNull();
  const stop = new AbortController();
  const waiting = withLock(key('held'), stop.signal, async () => 'never');
  stop.abort();
  await expect(waiting).rejects.toMatchObject({ code: 'interrupted' });
  held?.release();
});
