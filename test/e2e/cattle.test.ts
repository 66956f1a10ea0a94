import { readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { must } from '#base/assert.ts';
import { BallastError } from '#base/errors.ts';
import { run } from '#host/exec.ts';
import { ensureBaseImages } from '#scripts/base-images/ensure.ts';
import { type LocalFleet, localFleet } from '#scripts/fleet/fleet.ts';
import { cache, data, executable } from '#scripts/fleet/places.ts';
import { certificateRequest } from '#server/testing/certificate-request.ts';
import { createClient } from '#wire/client.ts';
import type { Connection } from '#wire/connection.ts';
import type { FleetEvent, MachineView, ReplicaView } from '#wire/views.ts';
import { ask, eventually } from './support/ask.ts';

const signal = AbortSignal.timeout(10 * 60_000);
const port = 8080;
let fleet: LocalFleet;
let folder: string;

async function ballast(...words: string[]): Promise<string> {
  const { code, stdout, stderr } = await fleet.ballast(words, { signal });
  expect(code, `ballast ${words.join(' ')}: ${stderr}`).toBe(0);
  return stdout;
}

async function badly(code: number, ...words: string[]): Promise<string> {
  const answer = await fleet.ballast(words, { signal });
  expect(answer.code, `ballast ${words.join(' ')}: ${answer.stderr}`).toBe(code);
  return answer.stderr;
}

const machines = async (): Promise<readonly MachineView[]> =>
  (JSON.parse(await ballast('machine', 'ls', '--json')) as { machines: readonly MachineView[] }).machines;

async function machine(name: string): Promise<MachineView> {
  return must(
    (await machines()).find((each) => each.name === name),
    name,
  );
}

const replicas = async (): Promise<readonly ReplicaView[]> =>
  (JSON.parse(await ballast('ps', '--json')) as { replicas: readonly ReplicaView[] }).replicas;

async function events(): Promise<readonly FleetEvent[]> {
  const lines = (await ballast('events', '--json')).split('\n').filter((text) => text !== '');
  return lines.map((text) => JSON.parse(text) as FleetEvent);
}

const healthy = async (count: number): Promise<boolean> => {
  const all = await replicas();
  return all.length === count && all.every(({ report }) => report?.state === 'running');
};

/** The pool with so many machines. */
async function pool(count: number, ...more: string[]): Promise<void> {
  writeFileSync(
    fleet.fleetFile,
    `fleet: catl
machines:
  app: { provider: local, count: ${count}, replace_after: 5s }
network: { machines: 10.82.0.0/24 }
registry: { machine: app-1 }
`,
  );
  await ballast('deploy', '-f', fleet.fleetFile, ...more);
}

/** Asks the app on app-1 without a pause while something goes on; answers with the statuses. */
async function underLoad(action: () => Promise<unknown>): Promise<readonly number[]> {
  const { address } = await machine('app-1');
  const statuses: number[] = [];
  let stop = false;
  const load = (async () => {
    while (!stop && statuses.length < 50_000) {
      statuses.push((await ask({ host: address, port, path: '/' })).status);
    }
  })();
  await action().finally(() => {
    stop = true;
  });
  await load;
  return statuses;
}

/** Who a machine is, as it is written on its disk. */
async function identityOf(name: string): Promise<Connection> {
  const inside = async (path: string): Promise<string> =>
    await run([...(await fleet.provider.inside(name, signal)), 'cat', path], { signal });
  return {
    server: `https://127.0.0.1:${fleet.options.port}`,
    ca: await inside('/var/lib/ballast/ca.pem'),
    cert: await inside('/var/lib/ballast/certificate.pem'),
    key: await inside('/var/lib/ballast/key.pem'),
  };
}

async function renewal(identity: Connection): Promise<string> {
  const client = createClient(identity);
  try {
    await client.call('renew', { csr: (await certificateRequest('x')).csr }, { signal });
    return 'renewed';
  } catch (error) {
    return error instanceof BallastError ? error.code : String(error);
  } finally {
    client.close();
  }
}

beforeAll(async () => {
  fleet = localFleet({
    ...{ name: 'catl', home: join(data, 'catl'), cache, executable, network: '10.82.0.0/24' },
    ...{ machines: 3, port: 7716, ownConfig: true },
  });
  await fleet.down();
  fleet = localFleet(fleet.options);
  folder = await mkdtemp(join(tmpdir(), 'ballast-catl-'));
  await Promise.all([
    fleet.provider.prepare(() => {}, signal),
    ensureBaseImages(['python:trixie'], () => {}, { signal }),
  ]);
  await fleet.startServer(signal);
  await pool(3);
  const compose = join(folder, 'compose.yaml');
  writeFileSync(
    compose,
    `name: herd
services:
  web:
    image: localhost/ballast/python:trixie
    command: [python3, -m, http.server, "8000", --directory, /tmp]
    init: true
    ports: ["${port}:8000"]
    deploy: { replicas: 3, update_config: { monitor: 0s } }
    x-ballast: { health: { path: /, port: 8000, interval: 500ms } }
`,
  );
  await ballast('deploy', '-f', compose);
}, 600_000);

afterAll(async () => {
  await fleet.down();
  await rm(folder, { recursive: true, force: true });
}, 120_000);

describe('a machine that is drained under load', () => {
  it('loses no request, and holds nothing at the end', async () => {
    const statuses = await underLoad(() => ballast('machine', 'drain', 'app-2'));
    expect(statuses.length).toBeGreaterThan(10);
    expect(statuses.filter((status) => status !== 200)).toEqual([]);
    expect((await machine('app-2')).state).toBe('drained');
    expect((await replicas()).map((replica) => replica.machine)).not.toContain('app-2');
    const inside = await fleet.provider.inside('app-2', signal);
    expect(await run([...inside, 'podman', 'ps', '--quiet'], { signal })).toBe('');
    await ballast('machine', 'uncordon', 'app-2');
    expect((await machine('app-2')).state).toBe('ready');
  });
});

describe('a machine whose power is cut for good', () => {
  it('is replaced and its replicas are healthy, without a person; the old one is refused for ever', async () => {
    await ballast('restart', 'web', '--app', 'herd');
    const [victim = ''] = (await replicas()).map((each) => each.machine).filter((name) => name !== 'app-1');
    const before = await machine(victim);
    const identity = await identityOf(victim);
    expect(await renewal(identity)).toBe('renewed');
    const cutAt = Date.now();
    await fleet.provider.power.cut(victim, signal);
    await eventually(
      signal,
      async () => {
        const now = await machine(victim);
        return now.address !== before.address && now.state === 'ready' && now.conformity === 'up-to-date';
      },
      180_000,
    );
    // It gets back what its predecessor ran.
    await eventually(
      signal,
      async () => (await healthy(3)) && (await replicas()).some((each) => each.machine === victim),
    );
    const kinds = (await events())
      .filter((event) => event.machine === victim && event.at >= cutAt)
      .map(({ kind }) => kind);
    expect(kinds.filter((kind) => ['machine-replaced', 'machine-destroyed'].includes(kind))).toEqual([
      'machine-replaced',
      'machine-destroyed',
    ]);
    // The new one may have joined before its provider says that it is made.
    expect(kinds.slice(kinds.indexOf('machine-destroyed'))).toEqual(
      expect.arrayContaining(['machine-created', 'machine-enrolled']),
    );
    expect(await renewal(identity)).toBe('unauthenticated');
    expect((await fleet.provider.list(signal)).map(({ name }) => name).toSorted()).toEqual([
      'app-1',
      'app-2',
      'app-3',
    ]);
  });
});

describe('a pool', () => {
  it('grows by its file', async () => {
    await pool(4);
    expect((await machine('app-4')).state).toBe('ready');
  });

  it('shrinks by its file: replicas move first, then the machines are gone', async () => {
    await ballast('scale', 'web=4', '--app', 'herd');
    const statuses = await underLoad(() => pool(2));
    expect(statuses.filter((status) => status !== 200)).toEqual([]);
    expect((await machines()).map(({ name }) => name)).toEqual(['app-1', 'app-2']);
    expect(await healthy(4)).toBe(true);
    await eventually(signal, async () => (await fleet.provider.list(signal)).length === 2);
  });

  it('is not taken away with the registry and all apps by a slip', async () => {
    const text = readFileSync(fleet.fleetFile, 'utf8');
    writeFileSync(fleet.fleetFile, text.replace('count: 2', 'count: 0').replace(/registry.*\n/, ''));
    const said = await badly(1, 'deploy', '-f', fleet.fleetFile);
    expect(said).toContain('no machine would be left without app-1, app-2');
    expect(said).toContain('--force app-1 --force app-2');
    expect((await machines()).every(({ state }) => state === 'ready')).toBe(true);
  });
});
