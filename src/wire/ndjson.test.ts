import { expect, test } from 'vitest';
import { BallastError, toWire } from '#base/errors.ts';
import { failureLine, lineBytesMax, readLines } from './ndjson.ts';

async function read(...chunks: readonly (string | Uint8Array)[]): Promise<unknown[]> {
  async function* bytes() {
    for (const chunk of chunks) yield typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
  }
  const seen: unknown[] = [];
  for await (const line of readLines(bytes())) seen.push(line);
  return seen;
}

test('lines are put together across chunks, characters too, and empty lines are skipped', async () => {
  const text = Buffer.from('{"a":"ü"}\n\n{"b":1}\n');
  expect(await read(text.subarray(0, 7), text.subarray(7, 10), text.subarray(10))).toEqual([
    { a: 'ü' },
    { b: 1 },
  ]);
});

test('a last line without its end is read', async () => {
  expect(await read('{"a":1}\n{"b"', ':2}')).toEqual([{ a: 1 }, { b: 2 }]);
});

test('the error a stream carries is thrown as it was', async () => {
  const error = new BallastError('not-found', 'no app x', { fix: 'ballast status' });
  await expect(read('{"a":1}\n', failureLine(toWire(error)))).rejects.toMatchObject({
    code: 'not-found',
    message: 'no app x',
    detail: { fix: 'ballast status' },
  });
});

test('a line without end is refused before it fills the memory', async () => {
  const half = 'x'.repeat(lineBytesMax / 2 + 1);
  await expect(read(half, half, half)).rejects.toThrow(/a line of more than/);
});

test('a line that is no JSON is refused with what it says', async () => {
  await expect(read('<html>\n')).rejects.toThrow(/no JSON/);
});
