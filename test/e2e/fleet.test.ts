import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { must } from '#base/assert.ts';
import { run } from '#host/exec.ts';
import { ensureBaseImages } from '#scripts/base-images/ensure.ts';
import { type LocalFleet, localFleet } from '#scripts/fleet/fleet.ts';
import { cache, data, executable, guestbook } from '#scripts/fleet/places.ts';
import type { ReplicaView } from '#wire/views.ts';
import { ask, eventually, type Question } from './support/ask.ts';

const signal = AbortSignal.timeout(15 * 60_000);
const port = 8080;
let fleet: LocalFleet;
let folder: string;

/** Runs a command that must succeed; answers with its output. */
async function ballast(...words: string[]): Promise<string> {
  const { code, stdout, stderr } = await fleet.ballast(words, { signal });
  expect(stderr && code === 0 ? '' : stderr, `ballast ${words.join(' ')}`).toBe('');
  expect(code).toBe(0);
  return stdout;
}

async function replicas(app = 'guestbook'): Promise<readonly ReplicaView[]> {
  const { replicas: all } = JSON.parse(await ballast('ps', '--json')) as { replicas: readonly ReplicaView[] };
  return all.filter((replica) => replica.app === app);
}

const machines = ['app-1', 'app-2', 'app-3'];
const web = (n: number, path = '/api/entries'): Question => ({ host: `10.94.0.${n}`, port, path });

async function inside(machine: string, ...argv: string[]): Promise<string> {
  return await run([...(await fleet.provider.inside(machine, signal)), ...argv], { signal });
}

/** Start ids of every container of the fleet: they change when anything is started anew. */
async function invocations(): Promise<Record<string, string>> {
  const seen: Record<string, string> = {};
  for (const machine of machines) {
    const units = 'guestbook-*.service ballast-*.service dnsmasq.service';
    const shown = await inside(
      machine,
      'systemctl',
      'show',
      ...units.split(' '),
      '--property=Id,InvocationID,ExecMainStartTimestamp',
    );
    seen[machine] = shown;
  }
  return seen;
}

async function write(text: string, n = 1): Promise<void> {
  const { status, body } = await ask({ ...web(n), body: JSON.stringify({ name: 'test', text }) });
  expect(status, body).toBe(201);
}

/** Resolves when an entry is there, as seen from a machine. */
async function reads(text: string, n = 1): Promise<void> {
  await eventually(signal, async () => {
    const { status, body } = await ask(web(n));
    return status === 200 && body.includes(text);
  });
}

beforeAll(async () => {
  fleet = localFleet({
    name: 'e2e',
    home: join(data, 'e2e'),
    cache,
    executable,
    network: '10.94.0.0/24',
    machines: 3,
    port: 7702,
    ownConfig: true,
  });
  await fleet.down();
  fleet = localFleet(fleet.options);
  folder = await mkdtemp(join(tmpdir(), 'ballast-e2e-'));
  await Promise.all([
    fleet.provider.prepare(() => {}, signal),
    ensureBaseImages(['python:trixie', 'postgres:17'], () => {}, { signal }),
  ]);
  await fleet.startServer(signal);
  await ballast('deploy', '-f', fleet.fleetFile);
}, 600_000);

afterAll(async () => {
  await fleet.down();
  await rm(folder, { recursive: true, force: true });
}, 120_000);

describe('one Compose file on three machines', () => {
  it('refuses a deploy whose secret is missing, and says how to give it', async () => {
    const { code, stderr } = await fleet.ballast(['deploy', '-f', guestbook], { signal });
    expect(code).not.toBe(0);
    expect(stderr).toContain('db_password');
    expect(stderr).toContain('ballast secret set db_password');
    expect(await replicas()).toEqual([]);
  });

  it('deploys the guestbook and waits until it is healthy', async () => {
    const { code } = await fleet.ballast(['secret', 'set', 'db_password'], {
      input: 'correct horse',
      signal,
    });
    expect(code).toBe(0);
    await ballast('deploy', '-f', guestbook);
    const all = await replicas();
    expect(
      all
        .filter(({ service }) => service === 'web')
        .map(({ machine }) => machine)
        .sort(),
    ).toEqual(machines);
    expect(all.map(({ report }) => report?.state)).toEqual(['running', 'running', 'running', 'running']);
  });

  it('answers on the published port of every machine, from replicas on all of them', async () => {
    for (const n of [1, 2, 3]) {
      const answered = new Set<string>();
      for (let times = 0; times < 12; times += 1) {
        const { status, replica } = await ask(web(n, '/healthz'));
        expect(status).toBe(200);
        answered.add(replica);
      }
      expect([...answered].sort()).toEqual(['guestbook-web-1', 'guestbook-web-2', 'guestbook-web-3']);
    }
  });

  it('changes nothing when it is deployed again', async () => {
    const before = await invocations();
    const plan = (JSON.parse(await ballast('status', '--json')) as { plan: number }).plan;
    expect((await fleet.ballast(['deploy', '-f', guestbook], { signal })).stderr).toContain('nothing to do');
    expect((await fleet.ballast(['plan', '-f', guestbook, '--detailed-exitcode'], { signal })).code).toBe(0);
    await ballast('deploy', '-f', fleet.fleetFile);
    expect(await invocations()).toEqual(before);
    expect((JSON.parse(await ballast('status', '--json')) as { plan: number }).plan).toBe(plan);
  });

  it('keeps a write over a redeploy of the web service, which loses no request', async () => {
    await write('before the redeploy');
    let stop = false;
    const answers: number[] = [];
    const load = (async () => {
      while (!stop && answers.length < 20_000) answers.push((await ask(web(2, '/api/entries'))).status);
    })();
    await ballast('restart', 'web', '-a', 'guestbook');
    stop = true;
    await load;
    expect(answers.length).toBeGreaterThan(20);
    expect(answers.filter((status) => status !== 200)).toEqual([]);
    await reads('before the redeploy');
    expect(
      (await replicas()).filter(({ service }) => service === 'web').every(({ release }) => release === 2),
    ).toBe(true);
  });

  it('keeps a write when the database is killed', async () => {
    await write('before the kill');
    const db = must(
      (await replicas()).find(({ service }) => service === 'db'),
      'the database',
    );
    await inside(db.machine, 'podman', 'kill', '--signal', 'KILL', db.id);
    await reads('before the kill', 3);
    await eventually(signal, async () =>
      (await replicas()).every(({ report }) => report?.state === 'running'),
    );
  });

  it('comes back after a reboot with the server stopped', async () => {
    await write('before the reboot');
    const db = must(
      (await replicas()).find(({ service }) => service === 'db'),
      'the database',
    );
    await fleet.stopServer();
    await fleet.provider.power.reboot(db.machine, signal);
    await reads('before the reboot', 2);
    await fleet.startServer(signal);
    await eventually(signal, async () =>
      (await replicas()).every(({ report }) => report?.state === 'running'),
    );
    expect((await replicas()).map(({ id }) => id).includes(db.id)).toBe(true);
  });

  it('comes back after a power cut of all machines', async () => {
    await write('before the power cut');
    await Promise.all(machines.map((machine) => fleet.provider.power.cut(machine, signal)));
    await Promise.all(machines.map((machine) => fleet.provider.power.on(machine, signal)));
    await reads('before the power cut', 3);
    await eventually(signal, async () =>
      (await replicas()).every(({ report }) => report?.state === 'running'),
    );
  });

  it('scales up and down, and leaves the rest alone', async () => {
    const before = (await replicas()).map(({ id }) => id);
    await ballast('scale', 'web=5', '-a', 'guestbook');
    const five = await replicas();
    expect(five.filter(({ service }) => service === 'web')).toHaveLength(5);
    expect(five.map(({ id }) => id)).toEqual(expect.arrayContaining(before));
    await ballast('scale', 'web=2', '-a', 'guestbook');
    expect((await replicas()).filter(({ service }) => service === 'web')).toHaveLength(2);
  });

  it('goes back to an earlier release on request', async () => {
    await ballast('rollback', '-a', 'guestbook');
    expect((await replicas()).filter(({ service }) => service === 'web')).toHaveLength(5);
  });

  it('keeps apps apart: another app cannot reach the database', async () => {
    const file = join(folder, 'compose.yaml');
    await writeFile(
      file,
      `name: other
services:
  probe: { image: "localhost/ballast/python:trixie", command: ["sleep", "1000"], init: true }
`,
    );
    await ballast('deploy', '-f', file);
    const db = must(
      (await replicas()).find(({ service }) => service === 'db'),
      'the database',
    );
    const connect = (host: string) =>
      fleet.ballast(
        [
          'exec',
          '-a',
          'other',
          'probe',
          '--',
          'python3',
          '-c',
          `import socket; socket.create_connection(("${host}", 5432), 5)`,
        ],
        { signal },
      );
    const byAddress = await connect(db.address);
    expect(byAddress.code).toBe(1);
    expect(byAddress.stderr).toContain('refused');
    expect((await connect('db')).stderr).toMatch(/not known|resolution/);
    const own = await fleet.ballast(
      [
        'exec',
        '-a',
        'guestbook',
        'web',
        '--',
        'python3',
        '-c',
        'import socket; socket.create_connection(("db", 5432), 5)',
      ],
      { signal },
    );
    expect(own.code, own.stderr).toBe(0);
    await ballast('rm', 'other', '--yes');
  });

  it('is gone without a trace after rm, except for its volume', async () => {
    await ballast('rm', 'guestbook', '--yes');
    expect(await replicas()).toEqual([]);
    const volumes: string[] = [];
    for (const machine of machines) {
      expect(await inside(machine, 'podman', 'ps', '--all', '--quiet')).toBe('');
      expect(
        await inside(
          machine,
          'sh',
          '-c',
          "find /etc/containers/systemd /etc/ballast /var/lib/ballast/files -name '*guestbook*' 2>/dev/null || true",
        ),
      ).toBe('');
      expect(await inside(machine, 'nft', 'list', 'table', 'inet', 'ballast')).not.toContain('guestbook');
      volumes.push(await inside(machine, 'podman', 'volume', 'ls', '--quiet'));
    }
    expect(volumes.join('').trim()).toBe('guestbook_data');
  });

  it('finds its data again when it is deployed once more', async () => {
    await ballast('deploy', '-f', guestbook);
    await reads('before the power cut');
    await ballast('rm', 'guestbook', '--volume', 'data', '--yes');
    for (const machine of machines)
      expect(await inside(machine, 'podman', 'volume', 'ls', '--quiet')).toBe('');
  });

  it('keeps secrets out of logs, units and the store', async () => {
    const log = await readFile(join(fleet.options.home, 'server.log'), 'utf8');
    expect(log).not.toContain('correct horse');
    const hits = await run([
      'grep',
      '-rlaF',
      'correct horse',
      join(fleet.options.home, 'server'),
      '--include=*.db*',
      '--include=*.sqlite*',
    ]).catch(() => '');
    expect(hits).toBe('');
    for (const machine of machines) {
      const found = await run([
        ...(await fleet.provider.inside(machine, signal)),
        ...[
          'sh',
          '-c',
          "journalctl --no-pager | grep -cF 'correct horse'; grep -rlF 'correct horse' /etc /run/systemd || true",
        ],
      ]);
      expect(found.trim()).toBe('0');
    }
  });
});
