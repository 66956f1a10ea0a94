import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { replaced } from './replaced.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'replaced-'));
  writeFileSync(join(folder, 'program'), 'one');
});
afterEach(() => rmSync(folder, { recursive: true }));

it('tells when another file takes the place', async () => {
  const told = replaced(join(folder, 'program'), AbortSignal.timeout(10_000));
  writeFileSync(join(folder, 'other'), 'not this one');
  writeFileSync(join(folder, 'new'), 'two');
  renameSync(join(folder, 'new'), join(folder, 'program'));
  expect(await told).toBe(true);
});

it('stops when it is told to', async () => {
  const stop = new AbortController();
  const told = replaced(join(folder, 'program'), stop.signal);
  stop.abort();
  expect(await told).toBe(false);
});
