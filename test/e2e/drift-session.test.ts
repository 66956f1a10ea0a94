import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Executed, exec, run } from '#host/exec.ts';
import { type LocalFleet, localFleet } from '#scripts/fleet/fleet.ts';
import { cache, data, executable } from '#scripts/fleet/places.ts';
import type { FleetEvent } from '#wire/views.ts';

// Somebody logs in with a certificate of the fleet and changes by hand what the fleet file declares.

const signal = AbortSignal.timeout(8 * 60_000);
let fleet: LocalFleet;

const rules = `
host:
  users: { ana: { shell: /bin/bash } }
  files: { /etc/greeting: { content: "hello\\n" } }
access:
  - { who: admin, machines: [app-*], as: deploy, sudo: [/usr/sbin/usermod *, /usr/bin/tee /etc/greeting] }
`;

async function well(...words: string[]): Promise<string> {
  const { code, stdout, stderr } = await fleet.ballast(words, { signal });
  expect(code, `ballast ${words.join(' ')}\n${stderr}`).toBe(0);
  return stdout;
}

const driftEvents = async (): Promise<readonly FleetEvent[]> =>
  (await well('events', '--kind', 'drift', '-o', 'json'))
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as FleetEvent);

async function found(subject: string): Promise<FleetEvent | undefined> {
  return (await driftEvents()).findLast(
    (event) => event.subject?.endsWith(subject) && event.stage === 'found',
  );
}

const inside = async (...argv: string[]): Promise<string> =>
  await run([...(await fleet.provider.inside('app-1', signal)), ...argv], { signal });

const ssh = async (line: string): Promise<Executed> =>
  await fleet.ballast(['machine', 'ssh', 'app-1', '--', line], { signal });

beforeAll(async () => {
  fleet = localFleet({
    ...{ name: 'drs', home: join(data, 'drs'), cache, executable, ownConfig: true },
    ...{ network: '10.86.1.0/24', machines: 1, port: 7726 },
  });
  await fleet.down();
  fleet = localFleet(fleet.options);
  await fleet.startServer(signal);
  await writeFile(fleet.fleetFile, `${await readFile(fleet.fleetFile, 'utf8')}${rules}`);
  await well('deploy', '-f', fleet.fleetFile);
}, 240_000);

afterAll(async () => await fleet.down(), 120_000);

describe('a change made in a session with a certificate', { timeout: 60_000 }, () => {
  test('carries the name of the session', async () => {
    expect(await ssh('sudo usermod -s /bin/sh ana')).toMatchObject({ code: 0 });
    await expect.poll(() => found('user:ana'), { timeout: 20_000 }).toBeDefined();
    // Only a login manager makes sessions that the journal knows; without one nobody is said to have done it.
    expect((await found('user:ana'))?.what).toMatch(/ (by admin|while admin) \(session [\w-]+\)/);
    expect(await found('user:ana')).toMatchObject({ cause: 'corrective', machine: 'app-1' });
    await expect.poll(() => inside('getent', 'passwd', 'ana'), { timeout: 20_000 }).toContain('/bin/bash');
  });

  test('carries it as well when it was made over plain ssh, and left no trace', async () => {
    const folder = join(fleet.options.home, 'mine');
    const { config } = JSON.parse(await well('access', 'cert', '--folder', folder, '--json')) as {
      config: string;
    };
    const argv = ['ssh', '-F', config, '-o', 'BatchMode=yes', 'app-1', 'sudo tee /etc/greeting; sleep 2'];
    expect(await exec(argv, { signal, input: 'evil\n' })).toMatchObject({ code: 0, stdout: 'evil\n' });
    await expect.poll(() => found('file:/etc/greeting'), { timeout: 20_000 }).toBeDefined();
    // The session of the test before may have ended so little ago that it is named as well.
    expect((await found('file:/etc/greeting'))?.what).toMatch(
      / while (admin \(session [\w-]+\) and )?admin \(session [\w-]+\) (was|were) logged in/,
    );
    expect(await inside('cat', '/etc/greeting')).toBe('hello\n');
  });

  test('is no drift of anybody when it was deployed', async () => {
    const before = await driftEvents();
    await writeFile(fleet.fleetFile, (await readFile(fleet.fleetFile, 'utf8')).replace('hello', 'welcome'));
    await well('deploy', '-f', fleet.fleetFile);
    expect(await inside('cat', '/etc/greeting')).toBe('welcome\n');
    expect(await driftEvents()).toEqual(before);
  });
});
