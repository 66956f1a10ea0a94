import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { BallastError } from '#base/errors.ts';
import { run } from '#host/exec.ts';
import { agentSeed } from '#provider/agent-seed.ts';
import { inspectOverSsh } from '#provider/ssh/inspect.ts';
import { installAgentOverSsh, removeAgentOverSsh } from '#provider/ssh/install.ts';
import { prepareOverSsh } from '#provider/ssh/prepare.ts';
import { openSession, type SshOptions, type SshSession } from '#provider/ssh/session.ts';
import type { SshTarget } from '#provider/ssh/target.ts';
import { inside, patient, quiet, testFleet } from './provider-lab.ts';

// Local machines as if they were foreign: nothing is known of them but their address and a key that they accept.

const { provider } = testFleet('t2', '10.97.97.0/24');
const dir = mkdtempSync(join(tmpdir(), 'ballast-ssh-'));
const key = join(dir, 'id');
const executable = join(dir, 'ballast');
const target: SshTarget = { user: 'root', host: '10.97.97.1', port: 22 };
const options: SshOptions = {
  stateDir: dir,
  runDir: dir,
  identity: key,
  link: provider.network.link,
  signal: patient,
};
const server = 'https://10.97.97.254:7443';
const now = (): number => Date.now();
const seed = () =>
  agentSeed({ enrolment: { machine: 'far-1', token: 'once', server, ca: 'PEM' }, executable });
const sessions: SshSession[] = [];

async function session(to: Partial<SshTarget> = {}, how: Partial<SshOptions> = {}): Promise<SshSession> {
  const opened = await openSession({ ...target, ...to }, { ...options, ...how });
  sessions.push(opened);
  return opened;
}

beforeAll(async () => {
  await run(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-f', key]);
  await run(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-f', join(dir, 'other')]);
  // Stands for the executable: large, and an agent that only stays.
  writeFileSync(executable, `#!/bin/sh\nexec sleep 1000000\n${'#'.repeat(3 << 20)}\n`);
  const authorized = readFileSync(`${key}.pub`, 'utf8');
  await provider.downAll(patient);
  await provider.create(
    {
      name: 'far-1',
      address: target.host,
      size: { cpus: 1, memoryBytes: 512 << 20 },
      seed: [
        { path: '/root/.ssh/authorized_keys', mode: 0o600, content: authorized },
        { path: '/home/ana/.ssh/authorized_keys', mode: 0o644, content: authorized },
      ],
    },
    quiet,
    patient,
  );
  await inside(provider, 'far-1', 'useradd', '--home-dir', '/home/ana', '--shell', '/bin/sh', 'ana');
});

afterAll(async () => {
  await Promise.all(sessions.map((open) => open[Symbol.asyncDispose]()));
  await provider.downAll(patient);
  rmSync(dir, { recursive: true });
});

describe('a machine that is there already', () => {
  test('is looked at, and found fit', async () => {
    const { findings } = await inspectOverSsh(await session(), { server, now });
    expect(findings.filter(({ status }) => status !== 'ok' && status !== 'warn')).toEqual([]);
    expect(findings.map(({ id }) => id)).toEqual(
      expect.arrayContaining(['reachable', 'root', 'system', 'podman', 'clock', 'agent']),
    );
    expect(findings.find(({ id }) => id === 'memory')?.what).toBe('512 MiB of memory, 1 processors');
  });

  test('is used by a user who has sudo, and by no other', async () => {
    const asAna = await session({ user: 'ana' });
    const refused = await inspectOverSsh(asAna, { now });
    expect(refused.findings.find(({ id }) => id === 'root')?.status).toBe('missing');
    await expect(prepareOverSsh(asAna, { now }, quiet)).rejects.toMatchObject({
      code: 'not-supported',
      detail: { problems: [{ code: 'root' }] },
    });
    await inside(provider, 'far-1', 'sh', '-c', 'echo "ana ALL=(ALL) NOPASSWD: ALL" >/etc/sudoers.d/ana');
    const { findings } = await inspectOverSsh(asAna, { now });
    expect(findings.find(({ id }) => id === 'root')?.what).toBe('sudo without a password');
    expect(await asAna.script('id -u')).toBe('0\n');
  });

  test('is prepared by nothing when it has all', async () => {
    const said: string[] = [];
    await prepareOverSsh(await session(), { server, now }, (what) => said.push(what));
    expect(said).toEqual([]);
  });

  test('that lacks a package and cannot get it, says what apt-get said', async () => {
    await inside(provider, 'far-1', 'dpkg', '--remove', '--force-depends', 'catatonit');
    const { findings } = await inspectOverSsh(await session(), { server, now });
    expect(findings.find(({ id }) => id === 'packages')).toMatchObject({
      status: 'missing',
      packages: ['catatonit'],
    });
    const said: string[] = [];
    const error = await prepareOverSsh(await session(), { server, now }, (what) => said.push(what)).catch(
      (caught: unknown) => caught,
    );
    expect(said).toEqual(['installing catatonit']);
    expect(error).toMatchObject({
      code: 'command-failed',
      message: 'packages could not be installed on root@10.97.97.1',
    });
    expect((error as BallastError).detail.log?.join('\n')).toContain('catatonit');
  });

  test('gets the agent, once', async () => {
    const open = await session({ user: 'ana' });
    const first = await installAgentOverSsh(open, seed(), { cacheDir: dir }, quiet);
    expect(first.written).toEqual(seed().map(({ path }) => path));
    expect(await inside(provider, 'far-1', 'systemctl', 'is-active', 'ballast-agent')).toBe('active');
    expect(await inside(provider, 'far-1', 'systemctl', 'is-enabled', 'ballast-agent')).toBe('enabled');
    expect(await inside(provider, 'far-1', 'stat', '-c', '%a %U', '/etc/ballast/agent.json')).toBe(
      '600 root',
    );
    const pid = await inside(provider, 'far-1', 'systemctl', 'show', '-P', 'MainPID', 'ballast-agent');
    const second = await installAgentOverSsh(open, seed(), { cacheDir: dir }, quiet);
    expect(second.written).toEqual([]);
    expect(await inside(provider, 'far-1', 'systemctl', 'show', '-P', 'MainPID', 'ballast-agent')).toBe(pid);
  });

  test('has what was lost or changed put right, and the agent started with it', async () => {
    await inside(
      provider,
      'far-1',
      'sh',
      '-c',
      'echo broken >/usr/local/bin/ballast; rm /etc/ballast/agent.json',
    );
    const how = { cacheDir: dir, compress: true };
    const { written } = await installAgentOverSsh(await session(), seed(), how, quiet);
    expect(written).toEqual(['/usr/local/bin/ballast', '/etc/ballast/agent.json']);
    expect((await installAgentOverSsh(await session(), seed(), how, quiet)).written).toEqual([]);
    expect(await inside(provider, 'far-1', 'systemctl', 'is-active', 'ballast-agent')).toBe('active');
  });

  test('is known as a machine of this fleet, and refused by another', async () => {
    const mine = await inspectOverSsh(await session(), { server, now });
    expect(mine.findings.find(({ id }) => id === 'agent')?.what).toBe('agent of this fleet, as far-1');
    await expect(
      prepareOverSsh(await session(), { server: 'https://192.0.2.1:7443', now }, quiet),
    ).rejects.toMatchObject({ code: 'not-supported', detail: { problems: [{ code: 'agent' }] } });
  });

  test('is let go without a trace of the agent', async () => {
    await removeAgentOverSsh(await session());
    await removeAgentOverSsh(await session());
    const left = await inside(
      provider,
      'far-1',
      'sh',
      '-c',
      'find / -xdev -path /proc -prune -o -name "*ballast*" -print | grep -v "^/\\(sys\\|run\\|etc/ballast$\\)"; pgrep -c sleep; true',
    );
    expect(left).toBe('0');
  });
});

describe('a machine that is not reached', () => {
  test('because nothing listens there, says so', async () => {
    const open = await session({ port: 2222 });
    await expect(open.script('true')).rejects.toMatchObject({
      code: 'unreachable',
      detail: { why: 'nothing listens on port 2222' },
    });
  });

  test('because it refuses the key, says which key and user', async () => {
    const open = await session({}, { identity: join(dir, 'other') });
    const error = await open.script('true').catch((caught: unknown) => caught);
    expect(error).toMatchObject({
      code: 'forbidden',
      message: '10.97.97.1 refuses root',
      detail: { why: `it accepts none of the keys ${join(dir, 'other')}` },
    });
  });

  test('because it is another one than before, says so', async () => {
    await Promise.all(sessions.splice(0).map((open) => open[Symbol.asyncDispose]()));
    await inside(provider, 'far-1', 'sh', '-c', 'rm /etc/ssh/ssh_host_ed25519_key*; systemctl restart ssh');
    const open = await session();
    await expect(open.script('true')).rejects.toMatchObject({
      code: 'unreachable',
      detail: { why: expect.stringContaining('host key') as string },
    });
  });

  test('because it is off, takes no longer than it must', async () => {
    await provider.power.off('far-1', patient);
    const open = await session({}, { stateDir: join(dir, 'fresh') });
    await expect(open.script('true')).rejects.toMatchObject({ code: 'unreachable' });
  }, 30_000);
});
