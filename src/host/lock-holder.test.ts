import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { holderOf } from './lock-holder.ts';

test('who has a file open is found by number and name, until it is closed', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'holder-'));
  const path = join(dir, 'lock');
  const file = await open(path, 'w');
  expect(await holderOf(path)).toMatch(new RegExp(`^${process.pid} \\(.+\\)$`));
  await file.close();
  expect(await holderOf(path)).toBeUndefined();
  await rm(dir, { recursive: true });
});
