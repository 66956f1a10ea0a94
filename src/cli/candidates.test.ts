import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { candidates } from './candidates.ts';
import { saveContext } from './context-file.ts';
import { runProgram } from './program.ts';
import { testShell } from './testing/shell.ts';

const home = mkdtempSync(join(tmpdir(), 'ballast-complete-'));
const shell = testShell({ env: { HOME: home } });

beforeAll(async () => {
  // Nothing listens there: whatever asks the fleet must fail quietly and soon.
  const context = { server: 'https://127.0.0.1:1', ca: 'x', token: 't' };
  await saveContext(shell, { name: 'demo', ...context }, true);
  await saveContext(shell, { name: 'prod', ...context }, false);
});
afterAll(() => rmSync(home, { recursive: true }));

const words = async (line: string) => (await candidates(line.split(' '), shell)).map(({ word }) => word);

describe('completion offers', () => {
  test.each([
    ['de', ['deploy']],
    ['re', ['restart', 'releases', 'repair', 'registry']],
    ['__', []],
    [
      'machine ',
      ['ls', 'add', 'user-data', 'drain', 'cordon', 'uncordon', 'replace', 'rm', 'ssh', 'rotate-keys'],
    ],
    ['machine a', ['add']],
    ['context use ', ['demo', 'prod']],
    ['-c p', ['prod']],
    ['ps -c ', ['demo', 'prod']],
    ['ps -o j', ['json']],
    ['ps --output ', ['table', 'wide', 'json', 'yaml', 'name']],
    ['logs --ti', ['--timestamps']],
    ['completion ', ['bash', 'zsh', 'fish']],
    ['completion bash ', []],
    ['validate -f ', [':files']],
    ['validate ', [':files']],
    ['help dep', ['deploy']],
    ['server ', []],
    ['nonsense ', []],
  ])('%j: %j', async (line, expected) => {
    expect(await words(line).catch(() => [])).toEqual(expected);
  });
});

test('a fleet that does not answer gives no candidates, no error and exit 0', async () => {
  const own = testShell({ env: { HOME: home } });
  expect(await runProgram(['__complete', '--', 'logs', ''], own)).toBe(0);
  expect([own.stdout(), own.stderr()]).toEqual(['', '']);
});

test.each(['bash', 'zsh', 'fish'])('the script for %s asks ballast itself', async (name) => {
  const own = testShell();
  expect(await runProgram(['completion', name], own)).toBe(0);
  expect(own.stdout()).toContain('__complete --');
});
