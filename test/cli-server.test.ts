import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runProgram } from '#cli/program.ts';
import { testShell } from '#cli/testing/shell.ts';
import { type RunningServer, startServer } from '#server/main.ts';

// The command line against a real server of its own that has no machines.

const home = mkdtempSync(join(tmpdir(), 'ballast-cli-'));
const stop = new AbortController();
const log = { info() {}, warn() {}, error() {} };
let server: RunningServer;

async function ballast(...words: readonly string[]) {
  const shell = testShell({ env: { HOME: home }, cwd: home, now: Date.now });
  const code = await runProgram(words, shell);
  return { code, out: shell.stdout(), err: shell.stderr() };
}

beforeAll(async () => {
  server = await startServer({
    dataDir: join(home, 'server'),
    listen: ['127.0.0.1:0'],
    signal: stop.signal,
    log,
  });
  expect(await ballast('context', 'add', 'here', '--from', server.adminFile)).toMatchObject({
    code: 0,
    out: '',
  });
});

afterAll(async () => {
  stop.abort();
  await server.ended;
  rmSync(home, { recursive: true });
});

describe('a fleet without machines', () => {
  test('is told what to do first', async () => {
    const { code, out } = await ballast('status');
    expect(code).toBe(0);
    expect(out).toContain('0 machines ready');
    expect(out).toContain('ballast machine add');
  });

  test.each(['ls', 'ps', 'machine ls', 'secret ls'])('%s prints no data and says so', async (line) => {
    const { code, out, err } = await ballast(...line.split(' '));
    expect({ code, out }).toEqual({ code: 0, out: '' });
    expect(err).toMatch(/^There are no /);
  });

  test.each(['ls', 'ps', 'machine ls', 'secret ls', 'status', 'context ls'])(
    '%s --json is data',
    async (line) => {
      const { code, out, err } = await ballast(...line.split(' '), '--json');
      expect({ code, err }).toEqual({ code: 0, err: '' });
      expect(JSON.parse(out)).toMatchObject({ format_version: '1.0' });
    },
  );

  test('refuses a deploy, and nothing is lost', async () => {
    writeFileSync(
      join(home, 'compose.yaml'),
      'name: shop\nservices: { web: { image: "localhost/web:1" } }\n',
    );
    const { code, out, err } = await ballast('deploy');
    rmSync(join(home, 'compose.yaml'));
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).toContain('the fleet has no registry yet');
  });

  test.each([
    [['rm', 'shop', '-y'], 'there is no app "shop" on the fleet'],
    [['logs', 'web'], 'there are no apps yet'],
    [['machine', 'rm', 'app-1', '-y'], 'there is no machine "app-1"'],
    [['secret', 'rm', 'nothing', '-y'], 'nothing'],
  ])('has nothing to act on: %j', async (words, what) => {
    const { code, err } = await ballast(...words);
    expect(code).toBe(1);
    expect(err).toContain(what);
  });
});

test('a secret is stored from a file, listed without its value, and forgotten', async () => {
  writeFileSync(join(home, 'value'), 'correct horse\n');
  expect((await ballast('secret', 'set', 'db_password', '--from-file', 'value')).err).toContain('version 1');
  const listed = await ballast('secret', 'ls', '-o', 'yaml');
  expect(listed.out).toContain('name: db_password');
  expect(listed.out).not.toContain('horse');
  expect((await ballast('__complete', '--', 'secret', 'rm', 'd')).out).toBe('db_password\tversion 1\n');
  expect(await ballast('secret', 'rm', 'db_password')).toMatchObject({ code: 64 });
  expect(await ballast('secret', 'rm', 'db_password', '-y')).toMatchObject({ code: 0 });
  expect((await ballast('secret', 'ls', '-o', 'name')).out).toBe('');
});

test('events tell who did what', async () => {
  await ballast('secret', 'set', 'noted', '--from-file', 'value');
  const { out } = await ballast('events', '--tail', '1', '--json');
  expect(JSON.parse(out)).toMatchObject({ by: 'admin' });
});

test('doctor finds the way to the server sound, and the open file of contexts not', async () => {
  const file = join(home, '.config/ballast/config.yaml');
  chmodSync(file, 0o644);
  const { code, out } = await ballast('doctor');
  chmodSync(file, 0o600);
  expect(code).toBe(1);
  expect(out).toContain(`[!!] ${file} can be read by others`);
  expect(out).toContain(`chmod 600 ${file}`);
  expect(out).toContain("[ok] the fleet's certificate authority is valid until");
  expect(out).toMatch(/\[ok\] https:\/\/127\.0\.0\.1:\d+ answers by TLSv1\.3/);
  expect(out).toContain('[ok] you are let in to');
});

test('a context that leads nowhere says so, whichever command meets it', async () => {
  await ballast('context', 'add', 'gone', '--from', server.adminFile, '--server', 'https://127.0.0.1:1');
  const { code, err } = await ballast('ps', '-c', 'gone');
  expect(code).toBe(1);
  expect(err).toContain('the server https://127.0.0.1:1 (context gone) cannot be reached');
  expect((await ballast('context', 'rm', 'gone', '-y')).code).toBe(0);
});
