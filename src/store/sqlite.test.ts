import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, expect, test } from 'vitest';
import { storeContract } from './contract.ts';
import { openSqliteStore } from './sqlite.ts';

const folder = mkdtempSync(join(tmpdir(), 'ballast-store-'));
let made = 0;
const fresh = () => join(folder, `${(made += 1)}.db`);
afterAll(() => rmSync(folder, { recursive: true }));

storeContract('the SQLite store', async (setting) => openSqliteStore({ path: fresh(), ...setting }));

test('what was committed is there after the store was closed and opened again', async () => {
  const path = fresh();
  const first = openSqliteStore({ path });
  await first.commit({ expect: {}, changes: { a: '1', b: '2' } });
  await first.commit({ expect: { a: 1 }, changes: { a: null } });
  expect(await first.lease('leader', 'x', 60_000)).toEqual({ epoch: 1 });
  await first.close();
  const second = openSqliteStore({ path });
  expect(await second.list('')).toEqual({ revision: 2, entries: [{ key: 'b', value: '2', revision: 1 }] });
  expect(await second.lease('leader', 'y', 1)).toBeUndefined();
  await second.close();
});

test('the file is readable by its owner only', () => {
  const path = fresh();
  const store = openSqliteStore({ path });
  expect(statSync(path).mode & 0o777).toBe(0o600);
  return store.close();
});

test('a second process on the same file is refused with the reason', async () => {
  const path = fresh();
  const store = openSqliteStore({ path });
  expect(() => openSqliteStore({ path })).toThrow(/cannot be opened/);
  await store.close();
});

test('a process killed in the middle of commits loses nothing that it acknowledged', async () => {
  for (const after of [3, 40, 150]) {
    const path = fresh();
    const acknowledged = await writeAndKill(path, after);
    const store = openSqliteStore({ path });
    const { entries } = await store.list('k/');
    const pairs = await store.list('pair/');
    expect(entries.length).toBeGreaterThanOrEqual(acknowledged);
    expect(entries.map((entry) => entry.key)).toEqual(
      entries.map((_, i) => `k/${String(i).padStart(6, '0')}`),
    );
    expect(pairs.entries).toHaveLength(entries.length); // a commit is there as a whole or not at all
    await store.close();
  }
});

const writer = `
  import { writeSync } from 'node:fs';
  const { openSqliteStore } = await import(process.argv[1]);
  const store = openSqliteStore({ path: process.argv[2] });
  for (let i = 0; i < 100_000; i += 1) {
    const n = String(i).padStart(6, '0');
    await store.commit({ expect: {}, changes: { ['k/' + n]: 'x'.repeat(500), ['pair/' + n]: '' } });
    writeSync(1, i + '\\n');
  }
`;

/** Kills a writing process after so many acknowledgements; returns how many it had printed by its end. */
async function writeAndKill(path: string, after: number): Promise<number> {
  const child = spawn(
    process.execPath,
    ['--input-type=module', '-e', writer, new URL('./sqlite.ts', import.meta.url).href, path],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  let count = 0;
  const lines = createInterface({ input: child.stdout });
  lines.on('line', () => {
    count += 1;
    if (count === after) child.kill('SIGKILL');
  });
  await Promise.all([once(child, 'exit'), once(lines, 'close')]);
  expect(child.signalCode).toBe('SIGKILL');
  return count;
}
