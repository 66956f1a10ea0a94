import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { must } from '#base/assert.ts';
import { BallastError } from '#base/errors.ts';
import type { Executed } from '#host/exec.ts';
import { run } from '#host/exec.ts';
import { ensureBaseImages } from '#scripts/base-images/ensure.ts';
import { type LocalFleet, localFleet } from '#scripts/fleet/fleet.ts';
import { cache, data, executable } from '#scripts/fleet/places.ts';
import { certificateRequest } from '#server/testing/certificate-request.ts';
import { createClient } from '#wire/client.ts';
import type { Connection } from '#wire/connection.ts';
import type { FleetEvent, MachineView, ReplicaView } from '#wire/views.ts';
import { ask, eventually } from './support/ask.ts';

// A local machine that the fleet did not make stands for somebody's own: nothing is known of it but its address and a key.

const signal = AbortSignal.timeout(15 * 60_000);
const address = '10.88.0.50';
const foreign = `root@${address}`;
const port = 8085;
let dir: string;
let key: string;
let compose: string;
let fleet: LocalFleet;
/** Files, links, routes, tables and units of the foreign machine before anybody touched it. */
let untouched: readonly string[];
/** Who the machine was when it was first in the fleet. */
let firstIdentity: Connection;

/** Runs a command as a user would, whatever comes of it; known host keys are in a folder of this test. */
const ballast = (...words: string[]): Promise<Executed> =>
  fleet.ballast(words, { signal, env: { XDG_STATE_HOME: dir } });

/** Runs a command that must succeed; answers with its output, of both kinds. */
async function well(...words: string[]): Promise<string> {
  const { code, stdout, stderr } = await ballast(...words);
  expect(code, `ballast ${words.join(' ')}: ${stderr}`).toBe(0);
  return stdout + stderr;
}

/** Runs a command that must fail with this exit code; answers with what it says. */
async function badly(code: number, ...words: string[]): Promise<string> {
  const done = await ballast(...words);
  expect(done.code, `ballast ${words.join(' ')}: ${done.stderr}`).toBe(code);
  return done.stderr;
}

const add = (name: string, to = foreign, identity = key): string[] => [
  ...['machine', 'add', name, '--ssh', to, '--identity', identity],
];

const remove = (...more: string[]): string[] => [
  ...['machine', 'rm', 'foreign', '--yes', '--identity', key, ...more],
];

async function read<T>(...words: string[]): Promise<T> {
  return JSON.parse((await ballast(...words, '--json')).stdout) as T;
}

/** The command line says in a word of its own where a machine stands. */
type Shown = Omit<MachineView, 'status'> & { readonly status: string };

const machines = async (): Promise<readonly Shown[]> =>
  (await read<{ machines: readonly Shown[] }>('machine', 'ls')).machines;

const names = async (): Promise<readonly string[]> => (await machines()).map(({ name }) => name);

async function replicas(): Promise<readonly ReplicaView[]> {
  return (await read<{ replicas: readonly ReplicaView[] }>('ps')).replicas;
}

async function events(): Promise<readonly string[]> {
  const { stdout } = await ballast('events', '--json');
  return stdout
    .split('\n')
    .filter((text) => text !== '')
    .map((text) => (JSON.parse(text) as FleetEvent).what);
}

async function inside(machine: string, script: string): Promise<string> {
  return await run([...(await fleet.provider.inside(machine, signal)), 'sh', '-c', script], { signal });
}

/** What a person would look at to see whether something was left behind. */
async function look(): Promise<readonly string[]> {
  const seen = await inside(
    'foreign',
    `find /etc /opt /root /srv /usr/local /var/lib -xdev -path /var/lib/containers/storage -prune -o -print | sort
    ls -1 /run/containers/systemd /run/systemd/generator 2>/dev/null
    ip -o -4 address; ip -4 route; nft list tables; podman ps --all --format '{{.Names}}'
    systemctl list-units --all --plain --no-legend 'ballast*' 'near*' 'dnsmasq*'; pgrep -a ballast || true`,
  );
  return seen.split('\n').filter((text) => !/dhclient|timesync|\/var\/lib\/systemd|\.ssh/.test(text));
}

/** Whether each service of the app reaches the other by its name, across machines. */
async function reachEachOther(): Promise<void> {
  const get = (service: string, other: string): Promise<Executed> =>
    ballast(
      ...['exec', '--app', 'near', service, '--', 'python3', '-c'],
      `import urllib.request as u; print(u.urlopen("http://${other}:8000/", timeout=5).status)`,
    );
  for (const [from, to] of [
    ['here', 'there'],
    ['there', 'here'],
  ] as const) {
    await eventually(signal, async () => (await get(from, to)).stdout.trim() === '200', 30_000);
  }
}

const answersOnAll = async (): Promise<void> => {
  for (const host of ['10.88.0.1', '10.88.0.2', address]) {
    await eventually(signal, async () => (await ask({ host, port, path: '/' })).status === 200, 30_000);
  }
};

const running = (): Promise<void> =>
  eventually(signal, async () => {
    const all = await replicas();
    return all.length === 3 && all.every(({ report }) => report?.state === 'running');
  });

async function identityOnDisk(): Promise<Connection> {
  const file = (name: string): Promise<string> => inside('foreign', `cat /var/lib/ballast/${name}`);
  const config = JSON.parse(await inside('foreign', 'cat /etc/ballast/agent.json')) as { server: string };
  return {
    server: config.server,
    ca: await file('ca.pem'),
    cert: await file('certificate.pem'),
    key: await file('key.pem'),
  };
}

/** Asks the server for a new certificate with an old one. */
async function renewal(connection: Connection): Promise<string> {
  const client = createClient(connection);
  const { csr } = await certificateRequest('x');
  try {
    await client.call('renew', { csr }, { signal });
    return 'renewed';
  } catch (error) {
    if (!(error instanceof BallastError)) throw error;
    return error.code;
  } finally {
    client.close();
  }
}

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'ballast-machine-'));
  key = join(dir, 'id');
  await run(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-f', key]);
  await run(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-f', join(dir, 'other')]);
  compose = join(dir, 'compose.yaml');
  writeFileSync(compose, composeText);
  fleet = localFleet({
    ...{ name: 'mach', home: join(data, 'mach'), cache, executable, network: '10.88.0.0/24' },
    ...{ machines: 2, port: 7706, ownConfig: true },
  });
  await fleet.down();
  fleet = localFleet(fleet.options);
  await Promise.all([
    fleet.provider.prepare(() => {}, signal),
    ensureBaseImages(['python:trixie'], () => {}, { signal }),
  ]);
  await fleet.startServer(signal);
  await well('deploy', '-f', fleet.fleetFile);
  const authorized = readFileSync(`${key}.pub`, 'utf8');
  await fleet.provider.create(
    {
      ...{ name: 'foreign', address, size: {} },
      seed: [{ path: '/root/.ssh/authorized_keys', mode: 0o600, content: authorized }],
    },
    () => {},
    signal,
  );
  untouched = await look();
}, 600_000);

afterAll(async () => {
  await fleet.down();
  rmSync(dir, { recursive: true });
}, 120_000);

describe('a machine that cannot be let in', () => {
  it('says which key was refused, and for whom', async () => {
    const said = await badly(1, ...add('foreign', foreign, join(dir, 'other')));
    expect(said).toContain(`${address} refuses root`);
    expect(said).toContain(`it accepts none of the keys ${join(dir, 'other')}`);
  });

  it.each([
    ['a key that does not exist', 64, ['foreign', foreign, '/nowhere/id'], 'there is no key /nowhere/id'],
    ['a port where nothing listens', 6, ['foreign', `${foreign}:2222`], 'nothing listens on port 2222'],
    ['an address where nothing is', 6, ['foreign', 'root@10.88.0.77'], 'root@10.88.0.77 cannot be reached'],
    ['a name in use', 1, ['app-1', foreign], 'its address is 10.88.0.1'],
    ['an address in use', 1, ['app-9', 'root@10.88.0.2'], '10.88.0.2 is the address of app-2'],
    ['no address at all', 64, ['foreign', 'root@10.88.0.999'], '10.88.0.999 is no IPv4 address'],
  ] as const)('because of %s, says so', async (_, code, [name, to, identity], text) => {
    expect(await badly(code, ...add(name, to, identity ?? key))).toContain(text);
  });

  it('is not left behind as one of the fleet, nor touched', async () => {
    expect(await names()).toEqual(['app-1', 'app-2']);
    expect(await look()).toEqual(untouched);
  });
});

describe('a machine that joins over ssh', () => {
  it('is looked at first, without any change', async () => {
    const said = await well(...add('foreign'), '--check');
    expect(said).toContain('no agent yet');
    expect(await look()).toEqual(untouched);
  });

  it('comes online and up to date, as the commands show', async () => {
    const said = await well(...add('foreign'), '--labels', 'zone=far');
    expect(said).toContain("foreign is one of the fleet's machines");
    expect((await machines()).find(({ name }) => name === 'foreign')).toMatchObject({
      ...{
        provider: 'ssh',
        address,
        status: 'ready',
        connected: true,
        conformity: 'up-to-date',
        labels: { zone: 'far' },
      },
    });
    expect(await well('machine', 'ls')).toMatch(/^foreign +10\.88\.0\.50 +ready +yes /m);
    expect(await well('doctor')).toContain('3 machines online: app-1, app-2 and foreign');
    firstIdentity = await identityOnDisk();
  });

  it('is left alone when it is added twice', async () => {
    const pid = await inside('foreign', 'systemctl show -P MainPID ballast-agent');
    expect(await well(...add('foreign'))).toContain('already: nothing to do');
    expect(await badly(1, ...add('other-name'))).toContain(`${address} is the address of foreign`);
    expect(await inside('foreign', 'systemctl show -P MainPID ballast-agent')).toBe(pid);
  });

  it('runs what is meant for it, answered on every machine and found by name', async () => {
    await well('deploy', '-f', compose);
    const here = (await replicas()).find(({ service }) => service === 'here');
    expect(here?.machine).toBe('foreign');
    await answersOnAll();
    await reachEachOther();
  });

  it('keeps its token to itself: a second use with another key is refused', async () => {
    const admin = JSON.parse(
      readFileSync(join(fleet.options.home, 'server', 'admin.json'), 'utf8'),
    ) as Connection;
    const client = createClient(admin);
    const ghost = { name: 'ghost', provider: 'ssh', address: '10.88.0.60' } as const;
    const { token } = await client.call('addMachine', ghost);
    const enrol = async () => client.call('enrol', { token, csr: (await certificateRequest('x')).csr });
    await enrol();
    await expect(enrol()).rejects.toMatchObject({ code: 'unauthenticated' });
    await client.call('removeMachine', { machine: 'ghost', force: true });
    client.close();
  });
});

describe('a machine that leaves', () => {
  it('is refused while a service can run nowhere else, which is named', async () => {
    const said = await badly(1, ...remove());
    expect(said).toContain('without foreign here of near would find no place: no machine is allowed');
    expect(said).toContain('ballast machine rm foreign --force foreign');
    writeFileSync(compose, composeText.replace('node.hostname == foreign', 'node.hostname != nowhere'));
    await well('deploy', '-f', compose);
  });

  it('asks for a yes, and says what is on it', async () => {
    const said = await badly(64, 'machine', 'rm', 'foreign');
    expect(said).toMatch(/near-here-1-r\d/);
    expect((await machines()).find(({ name }) => name === 'foreign')?.leaving).toBeUndefined();
  });

  it('stays when its agent cannot be taken off, and is seen to be leaving', async () => {
    const said = await badly(1, 'machine', 'rm', 'foreign', '--yes', '--identity', join(dir, 'other'));
    expect(said).toContain(`the agent of foreign could not be taken off: ${address} refuses root`);
    expect(await well('machine', 'ls')).toMatch(/^foreign .* leaving +empty /m);
    expect(await inside('foreign', 'podman ps --all --quiet')).toBe('');
    expect(await badly(1, ...add('foreign'))).toContain('on its way out');
  });

  it('goes when it is asked again, after the server was killed too; its replica is elsewhere', async () => {
    await fleet.stopServer('SIGKILL');
    await fleet.startServer(signal);
    const said = await well(...remove());
    expect(said).toContain('foreign is out of the fleet');
    expect((await replicas()).map(({ machine }) => machine)).not.toContain('foreign');
    expect(await names()).toEqual(['app-1', 'app-2']);
    const told = (await events()).filter((what) => /^foreign (?!is connected)/.test(what));
    expect(told.slice(-4)).toEqual([
      'foreign is to leave the fleet; no replica is on it',
      'foreign holds nothing of the fleet any more but images and volumes',
      'foreign is not connected any more: the connection broke off',
      'foreign is out of the fleet',
    ]);
  });

  it('leaves a clean host, and no route to it', async () => {
    expect(await look()).toEqual(untouched);
    await eventually(signal, async () => !(await inside('app-1', 'ip route')).includes(address), 20_000);
    expect(await badly(1, ...remove())).toContain('there is no machine "foreign"');
  });

  it('is refused for ever with the certificate it had', async () => {
    expect(await renewal(firstIdentity)).toBe('unauthenticated');
  });

  it('may come back: it begins anew, and the app is whole again', async () => {
    await well(...add('foreign'), '--labels', 'zone=far');
    writeFileSync(compose, composeText);
    await well('deploy', '-f', compose);
    await well('restart', 'here', '--app', 'near');
    await running();
    await answersOnAll();
    await reachEachOther();
    expect(await renewal(firstIdentity)).toBe('unauthenticated');
    expect(await renewal(await identityOnDisk())).toBe('renewed');
  });
});

describe('a machine that leaves while it is away', () => {
  it('goes by force only, and what remains on it is said', async () => {
    await fleet.provider.power.off('foreign', signal);
    await eventually(signal, async () =>
      (await machines()).some(({ name, status }) => name === 'foreign' && status === 'away'),
    );
    expect(await badly(6, ...remove())).toContain('foreign is not connected');
    expect(await names()).toContain('foreign');
    const said = await well(...remove('--force', 'foreign'));
    expect(said).toContain('what foreign ran goes on there');
    expect(said).toContain('ballast agent --leave');
    expect(await names()).toEqual(['app-1', 'app-2']);
  }, 60_000);

  it('may come back as it was: what it held goes, its network is right', async () => {
    await fleet.provider.power.on('foreign', signal);
    await eventually(signal, async () => (await inside('foreign', 'podman ps --quiet')) !== '');
    await well(...add('foreign'), '--labels', 'zone=far');
    await running();
    await reachEachOther();
    const index = must(/10\.91\.(\d+)\./.exec(await inside('foreign', 'ip -4 address')), 'address')[1];
    expect(await inside('foreign', 'ip -4 -o address show dev br-ballast | wc -l')).toBe('1\n');
    expect(await inside('app-1', 'ip route')).toContain(`10.91.${index}.0/24 via ${address}`);
    expect((await inside('app-1', 'ip route')).split(address)).toHaveLength(2);
  });

  it('can be cleaned by hand when it is back, though its fleet knows it no more', async () => {
    await fleet.provider.power.off('foreign', signal);
    await well(...remove('--force', 'foreign'));
    await fleet.provider.power.on('foreign', signal);
    await inside('foreign', 'ballast agent --leave');
    expect(await look()).toEqual(untouched);
  }, 60_000);
});

describe('a machine with a volume', () => {
  it('is kept unless its data is given up, which names the volume', async () => {
    await well(...add('foreign'), '--labels', 'zone=far');
    await running();
    writeFileSync(
      compose,
      composeText.replace('tmpfs: [/data]', 'volumes: ["kept:/data"]') + 'volumes: { kept: {} }\n',
    );
    await well('deploy', '-f', compose);
    const said = await badly(1, ...remove());
    expect(said).toContain('foreign holds the data of near/kept');
    expect((await machines()).find(({ name }) => name === 'foreign')?.leaving).toBeUndefined();
    await well(...remove('--force', 'foreign'));
    expect(await inside('foreign', 'podman volume ls --quiet')).toBe('near_kept\n');
    expect(await inside('foreign', 'podman ps --all --quiet; nft list tables')).toBe('');
  });

  it('keeps the registry, too', async () => {
    expect(await badly(1, 'machine', 'rm', 'app-1', '--yes')).toContain('app-1 runs the fleet’s registry');
  });
});

const composeText = `name: near
services:
  here:
    image: localhost/ballast/python:trixie
    command: [python3, -m, http.server, "8000", --directory, /data]
    init: true
    tmpfs: [/data]
    ports: ["${port}:8000"]
    deploy: { placement: { constraints: ["node.hostname == foreign"] } }
  there:
    image: localhost/ballast/python:trixie
    command: [python3, -m, http.server, "8000", --directory, /tmp]
    init: true
    deploy: { replicas: 2, placement: { constraints: ["node.labels.zone != far"] } }
`;
