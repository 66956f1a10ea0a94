import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, test } from 'vitest';
import { createClient } from '#wire/client.ts';
import type { Connection } from '#wire/connection.ts';
import { startTestServer } from './testing/test-server.ts';

const program = `
  const { startServer } = await import(process.argv[1]);
  const { adminFile } = await startServer({
    dataDir: process.argv[2], listen: ['127.0.0.1:0'], signal: new AbortController().signal,
    log: { info() {}, warn() {}, error() {} },
  });
  console.log(adminFile);
`;

test('a server that is killed in the middle of work has lost nothing that it had answered', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'ballast-killed-'));
  const child = spawn(
    process.execPath,
    ['--input-type=module', '-e', program, new URL('./main.ts', import.meta.url).href, dataDir],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const [adminFile] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
  const client = createClient(JSON.parse(readFileSync(adminFile, 'utf8')) as Connection);
  const answered = new Set<string>();
  const work = Array.from({ length: 200 }, async (_, i) => {
    const { name } = await client.call('setSecret', { secret: `s${i}`, value: `v${i}` });
    answered.add(name);
    if (answered.size === 50) child.kill('SIGKILL');
  });
  await Promise.allSettled([...work, once(child, 'exit')]);
  client.close();
  expect(child.signalCode).toBe('SIGKILL');
  await using again = await startTestServer({}, dataDir);
  const { secrets } = await again.client.call('listSecrets', {});
  const there = new Set(secrets.map((secret) => secret.name));
  expect(there.size).toBeGreaterThanOrEqual(50);
  expect([...answered].filter((name) => !there.has(name))).toEqual([]);
  rmSync(dataDir, { recursive: true, force: true });
});
