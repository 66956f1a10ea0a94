import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Executed } from '#host/exec.ts';
import { run } from '#host/exec.ts';
import { ensureBaseImages } from '#scripts/base-images/ensure.ts';
import { type LocalFleet, localFleet } from '#scripts/fleet/fleet.ts';
import { cache, data, executable } from '#scripts/fleet/places.ts';
import type { FleetEvent, MachineView, ReplicaView } from '#wire/views.ts';
import { eventually } from './support/ask.ts';

// What a machine has, keeps back, runs short of and clears away.

const signal = AbortSignal.timeout(10 * 60_000);
let fleet: LocalFleet;
let dir: string;

const ballast = (...words: string[]): Promise<Executed> => fleet.ballast(words, { signal });

async function well(...words: string[]): Promise<string> {
  const { code, stdout, stderr } = await ballast(...words);
  expect(code, `ballast ${words.join(' ')}: ${stderr}`).toBe(0);
  return stdout;
}

async function inside(...argv: string[]): Promise<string> {
  return await run([...(await fleet.provider.inside('app-1', signal)), ...argv], { signal });
}

const replicas = async (): Promise<readonly ReplicaView[]> =>
  (JSON.parse(await well('ps', '--json')) as { replicas: readonly ReplicaView[] }).replicas;

const machine = async (): Promise<MachineView | undefined> =>
  (JSON.parse(await well('machine', 'ls', '--json')) as { machines: readonly MachineView[] }).machines[0];

async function events(): Promise<readonly string[]> {
  const text = await well('events', '--json', '-n', '500');
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as FleetEvent)
    .map(({ kind, what }) => `${kind}: ${what}`);
}

const told = async (pattern: RegExp): Promise<void> =>
  await eventually(signal, async () => (await events()).some((event) => pattern.test(event)), 60_000);

/** A Compose file of one service whose image holds `version`. */
function compose(version: string, command: string, limit = '512M'): string {
  const file = join(dir, 'shop', 'compose.yaml');
  const service = {
    build: {
      context: join(dir, 'shop'),
      dockerfile_inline: `FROM python:trixie\nRUN echo ${version} >/version\n`,
    },
    command: ['sh', '-c', command],
    stop_grace_period: '0s',
    deploy: { resources: { limits: { memory: limit } } },
  };
  writeFileSync(file, JSON.stringify({ services: { web: service } }));
  return file;
}

const fleetFile = (reserve: string): string => {
  const file = join(dir, 'fleet.yaml');
  writeFileSync(
    file,
    `fleet: res
machines: { app: { provider: local, count: 1, size: { memory: 1G }, reserve: ${reserve} } }
network: { machines: 10.80.0.0/24 }
`,
  );
  return file;
};

const hog = `python3 -c 'x = bytearray(300 << 20)'`;

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'ballast-resources-'));
  mkdirSync(join(dir, 'shop'));
  const options = {
    ...{ name: 'res', home: join(data, 'res'), cache, executable, network: '10.80.0.0/24' },
    ...{ machines: 1, port: 7718, ownConfig: true, size: { memory: '1G' } },
  };
  await localFleet(options).down();
  fleet = localFleet(options);
  await Promise.all([
    fleet.provider.prepare(() => {}, signal),
    ensureBaseImages(['python:trixie'], () => {}, { signal }),
  ]);
  await fleet.startServer(signal);
  await well('deploy', '-f', fleet.fleetFile);
}, 600_000);

afterAll(async () => {
  await fleet?.down();
  rmSync(dir, { recursive: true, force: true });
}, 120_000);

test('a process that is killed for want of memory is named, though its container goes on', async () => {
  await well('deploy', '-f', compose('one', `sleep 1; ${hog}; exec sleep 9999`, '64M'));
  await told(
    /^oom-kill: a process in shop-web-1-r1 was killed: it used more memory than its limit of 64 MiB/,
  );
  await eventually(signal, async () => (await replicas()).some(({ report }) => report?.oomAt !== undefined));
  expect(await well('ps', '-o', 'wide')).toMatch(/\d+ %\s+[\d.]+ [KM]iB\/64 MiB\s+\d/);
  expect(await well('ps')).toContain('a process in it was killed for using too much memory');
});

test('a release that uses too much memory fails with that reason, and the one before it stays', async () => {
  const { code, stderr } = await ballast('deploy', '-f', compose('two', `exec ${hog}`, '64M'));
  expect(code).not.toBe(0);
  expect(stderr).toContain('used more memory than its limit of 64 MiB and was killed');
  await told(
    /^oom-kill: shop-web-1-r2 used more memory than its limit of 64 MiB, was killed and is restarted/,
  );
  expect((await replicas()).map(({ release }) => release)).toEqual([1]);
});

test('images that no release needs go; those of a rollback and those of others stay', async () => {
  await inside(
    'sh',
    '-c',
    'echo x >/tmp/x; tar -C /tmp -cf /tmp/x.tar x; podman import -q /tmp/x.tar foreign:1',
  );
  const images = async (): Promise<readonly string[]> =>
    (await inside('podman', 'images', '--format', '{{.Repository}} {{.Digest}}')).trim().split('\n');
  const first = (await images()).filter((name) => name.includes('registry.internal'));
  for (const version of ['three', 'four', 'five'])
    await well('deploy', '-f', compose(version, 'exec sleep 9999'));
  await told(/^image: .* was removed: no release needs it/);
  const left = await images();
  // Release 1 is out of reach of a rollback; 3, 4 and 5 are not.
  expect(left.filter((name) => first.includes(name))).toEqual([]);
  expect(left.filter((name) => name.includes('registry.internal'))).toHaveLength(3);
  expect(left.join()).toContain('localhost/foreign');
  await well('rollback', '-a', 'shop');
});

test('a machine short of disk says so, gets no new replicas, and goes on when there is space', async () => {
  await well('deploy', '-f', fleetFile('{ memory: 256M, disk: 900T }'));
  await eventually(signal, async () => (await machine())?.conditions[0]?.kind === 'disk-pressure', 60_000);
  expect(await well('status')).toMatch(/app-1 is under disk pressure/);
  expect((await machine())?.kept.memoryBytes).toBe(256 << 20);
  const { code, stderr, stdout } = await ballast('scale', '-a', 'shop', 'web=2', '--detach');
  expect(`${code} ${stderr}${stdout}`).toMatch(/disk pressure|^0 /);
  await well('deploy', '-f', fleetFile('{ memory: 256M }'));
  await eventually(signal, async () => (await machine())?.conditions.length === 0, 60_000);
  await told(/^disk-pressure: is not under disk pressure any more/);
});
