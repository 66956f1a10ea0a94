import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { exec } from '#host/exec.ts';
import { ensureBaseImages } from '#scripts/base-images/ensure.ts';
import { type LocalFleet, localFleet } from '#scripts/fleet/fleet.ts';
import { cache, data, executable } from '#scripts/fleet/places.ts';
import type { PathHop, PathWay, ServiceFact, TrafficTry } from '#wire/traffic-views.ts';
import type { ReplicaView } from '#wire/views.ts';
import { eventually } from './support/ask.ts';

/*
 * Who may talk to whom, on three machines with four services each: every pair is tried, allowed and denied, on the same
 * and on different machines, by virtual addresses and by those of containers. What has to come of it is written here
 * once more, and not taken from what Ballast expects.
 */

const signal = AbortSignal.timeout(15 * 60_000);
const folder = fileURLToPath(new URL('./groups', import.meta.url));
const machines = ['app-1', 'app-2', 'app-3'];
const services = ['shop/web', 'shop/db', 'press/api', 'press/job'];
let fleet: LocalFleet;

async function ballast(...words: string[]): Promise<string> {
  const { code, stdout, stderr } = await fleet.ballast(words, { signal });
  expect(code, stderr).toBe(0);
  return stdout;
}

async function tries(...words: string[]): Promise<readonly (TrafficTry & { readonly ok: boolean })[]> {
  const { stdout, stderr } = await fleet.ballast(['firewall', 'test', ...words, '--json'], { signal });
  expect(stdout, stderr).toContain('"tries"');
  return (JSON.parse(stdout) as { tries: readonly (TrafficTry & { ok: boolean })[] }).tries;
}

async function inside(machine: string, script: string): Promise<string> {
  const argv = await fleet.provider.inside(machine, signal);
  const { stdout, stderr } = await exec([...argv, 'sh', '-c', script], { signal, timeoutMs: 60_000 });
  return (stdout + stderr).trim();
}

/** How often connections of a service, or to it, were refused on a machine. */
async function refused(machine: string, comment: string): Promise<number> {
  const listed = await inside(machine, 'nft list table inet ballast');
  return [...listed.matchAll(new RegExp(`packets (\\d+) bytes \\d+ .*comment "${comment}"`, 'g'))]
    .map(([, count]) => Number(count))
    .reduce((sum, count) => sum + count, 0);
}

/** Ports of each service that each service reaches. */
const reach: Readonly<Record<string, Readonly<Record<string, readonly number[]>>>> = {
  'shop/web': {
    'shop/web': [8080, 9090],
    'shop/db': [8080],
    'press/api': [8080],
    'press/job': [8080, 9090],
  },
  'shop/db': { 'shop/web': [8080, 9090] },
  'press/api': { 'shop/web': [8080, 9090], 'press/job': [8080, 9090] },
  'press/job': { 'press/api': [8080] },
};

type Place = Pick<TrafficTry, 'machine' | 'replica' | 'to' | 'at'>;

/** The containers of the third machine may more, by their addresses; the job may not even then. */
const reachOf = (from: string, { machine, replica, to, at }: Place): readonly number[] => {
  // What a container says to its own address stays within it.
  if (at === replica) return [8080, 9090];
  const more = to === 'shop/db' && machine === 'app-3' && from !== 'press/job' ? [9090] : [];
  return [...(reach[from]?.[to] ?? []), ...more];
};

beforeAll(async () => {
  fleet = localFleet({
    ...{ name: 'grp', home: join(data, 'grp'), cache, executable, ownConfig: true },
    ...{ network: '10.73.0.0/24', machines: 3, port: 7724 },
  });
  await fleet.down();
  fleet = localFleet(fleet.options);
  await writeFile(
    fleet.fleetFile,
    `fleet: grp
machines: { app: { provider: local, count: 3 } }
network: { machines: 10.73.0.0/24, containers: 10.173.0.0/16, services: 10.174.0.0/16, mesh: wireguard }
security_groups: { office: { machines: [app-2] } }
drift: { repair: report }
`,
  );
  await Promise.all([
    fleet.provider.prepare(() => {}, signal),
    ensureBaseImages(['python:trixie'], () => {}, { signal }),
  ]);
  await fleet.startServer(signal);
  await ballast('deploy', '-f', fleet.fleetFile);
  for (const file of ['shop.yaml', 'press.yaml']) await ballast('deploy', '-f', join(folder, file));
}, 300_000);

afterAll(async () => {
  await fleet?.down();
}, 120_000);

describe('every pair of services', () => {
  test.each(services)('%s reaches what it may, and is refused at once by all else', async (from) => {
    const all = await tries('--from', from);
    const targets = new Set(all.map(({ to, at, port, machine }) => `${machine} ${to} ${at} ${port}`));
    // From each machine to each service's virtual address and each of its three replicas, at two ports.
    expect(targets.size).toBe(machines.length * services.length * (1 + machines.length) * 2);
    const seen = all.map(
      ({ to, at, port, machine = '', seen: end }) => `${machine} ${to} ${at} ${port} ${end}`,
    );
    const wanted = all.map((one) => {
      const { to, at, port, machine = '' } = one;
      const open = reachOf(from, one).includes(port);
      return `${machine} ${to} ${at} ${port} ${open ? 'open' : 'refused'}`;
    });
    expect(seen).toEqual(wanted);
    expect(all.filter(({ ok }) => !ok)).toEqual([]);
  });

  test('each is told with the line that lets it through or stands against it', async () => {
    const [open] = await tries('--from', 'shop/web', '--to', 'press/api:8080');
    expect(open).toMatchObject({
      why: 'press/api inbound 0',
      origin: expect.stringMatching(/press\.yaml:10:\d+$/),
    });
    const [shut] = await tries('--from', 'press/job', '--to', 'shop/web:8080');
    expect(shut).toMatchObject({
      expected: 'refused',
      origin: expect.stringMatching(/press\.yaml:18:\d+$/),
    });
    const [apart] = await tries('--from', 'shop/db', '--to', 'press/job:8080');
    expect(apart).toMatchObject({ why: 'shop/db and press/job have no network in common', origin: '' });
  });

  test('what was refused is counted', async () => {
    for (const machine of machines) {
      expect(await refused(machine, 'refused shop/db'), machine).toBeGreaterThan(0);
      expect(await refused(machine, 'refused from press/job'), machine).toBeGreaterThan(0);
    }
  });
});

describe('a service that is explained', () => {
  interface Explained {
    readonly facts: readonly ServiceFact[];
  }

  test('tells its address, names, rules with their lines and counters, replicas and their units', async () => {
    const { facts } = JSON.parse(await ballast('explain', 'shop/db', '--json')) as Explained;
    const of = (topic: ServiceFact['topic']) => facts.filter((fact) => fact.topic === topic);
    expect(of('address')).toMatchObject([{ what: expect.stringMatching(/^10\.174\./) }]);
    expect(of('name').map(({ what }) => what)).toContainEqual(expect.stringContaining('db.shop.internal'));
    expect(of('inbound')).toMatchObject([
      { what: 'shop/web at 8080', origin: expect.stringMatching(/shop\.yaml:15:\d+$/) },
      { what: '10.173.3.0/24 at 9090', origin: expect.stringMatching(/shop\.yaml:16:\d+$/) },
    ]);
    for (const fact of [...of('inbound'), ...of('refused')]) expect(fact.packets).toBeGreaterThan(0);
    expect(of('replica').map(({ machine }) => machine)).toEqual(machines);
    expect(of('resource').map(({ what }) => what)).toContain('container:shop-db-1-r1');
  });
});

describe('machines and the world', () => {
  test.each(machines)('%s reaches what its group may', async (machine) => {
    const own = await tries('--from', machine, '--to', 'press/api');
    expect(own.filter(({ ok }) => !ok)).toEqual([]);
    const others = own.filter(({ at }) => at === 'virtual address');
    expect(others.map(({ port, seen }) => `${port} ${seen}`)).toEqual([
      '8080 refused',
      `9090 ${machine === 'app-2' ? 'open' : 'refused'}`,
    ]);
  });

  test('the world reaches a published port on every machine', async () => {
    const all = await tries('--from', 'internet', '--to', 'shop/web');
    expect(all.map(({ at, port, seen, ok }) => ({ at, port, seen, ok }))).toEqual(
      machines.map((machine) => ({ at: `machine ${machine}`, port: 18_080, seen: 'open', ok: true })),
    );
  });

  test('what is not published has no way in from outside', async () => {
    expect(await tries('--from', 'internet', '--to', 'shop/db')).toMatchObject([
      { seen: 'not tried', ok: true, why: 'it publishes no such port' },
    ]);
  });
});

describe('a way that is broken', () => {
  interface Traced {
    readonly ok: boolean;
    readonly ways: readonly PathWay[];
  }

  async function traced(): Promise<Traced> {
    const words = ['doctor', '--from', 'shop/web', '--to', 'shop/db:8080', '--json'];
    const { stdout, stderr } = await fleet.ballast(words, { signal });
    expect(stdout, stderr).toContain('"ways"');
    return JSON.parse(stdout) as Traced;
  }

  /** The first broken hop from one machine to another, if any. */
  const brokenAt = ({ ways }: Traced, from: string, to: string): PathHop | undefined =>
    ways
      .find(({ machine, toMachine }) => machine === from && toMachine === to)
      ?.hops.find(({ state }) => state === 'broken');

  const address = async (replica: string): Promise<string> => {
    const { replicas } = JSON.parse(await ballast('ps', '--json')) as { replicas: readonly ReplicaView[] };
    return replicas.find(({ id }) => id === replica)?.address ?? '';
  };

  test('as long as none is, every hop of every way is well', async () => {
    const { ok, ways } = await traced();
    expect(ways.flatMap(({ hops }) => hops.filter(({ state }) => state !== 'ok'))).toEqual([]);
    expect(ways).toHaveLength(machines.length ** 2);
    expect(ok).toBe(true);
  });

  test('between machines it leads over the mesh, once all have its keys', async () => {
    const meshed = async (): Promise<number> =>
      (await traced()).ways.filter(({ hops }) => hops.some(({ hop }) => hop === 'mesh')).length;
    await eventually(signal, async () => (await meshed()) === machines.length * (machines.length - 1));
  });

  test.each<[hop: PathHop['hop'], script: string, machine: string, says: string]>([
    ['name', 'systemctl stop ballast-dns.service', 'app-1', 'is not resolved on app-1'],
    ['table', 'nft flush chain inet ballast in-shop/db', 'app-1', 'lacks the rule for shop/db inbound 0'],
    ['route', 'ip route del 10.173.2.0/24', 'app-1', 'app-1 has no route'],
    [
      'mesh',
      'wg show ballast-mesh allowed-ips | while read key network; do [ $network != 10.173.2.0/24 ] || wg set ballast-mesh peer $key remove; done',
      'app-1',
      'it does not know app-2',
    ],
    ['table there', 'nft delete element inet ballast inbound { ADDRESS }', 'app-2', 'the firewall of app-2'],
  ])('is told at its %s, and mended by what is said', async (hop, script, machine, says) => {
    const db = await address('shop-db-2-r1');
    expect(await inside(machine, script.replace('ADDRESS', db))).toBe('');
    const found = brokenAt(await traced(), 'app-1', 'app-2');
    expect(found).toMatchObject({ hop, what: expect.stringContaining(says) });
    const [, ...fix] = (found?.fix?.split(';')[0] ?? '').replaceAll("'", '').split(' ');
    await ballast(...fix);
    // Until the machines hear of each other again, one leads nothing to the other.
    await eventually(signal, async () => brokenAt(await traced(), 'app-1', 'app-2') === undefined);
  });

  test('is told at the connection when it is something that Ballast knows nothing of', async () => {
    await inside(
      'app-2',
      'nft add table inet other; nft "add chain inet other c { type filter hook forward priority 5; }"; nft add rule inet other c tcp dport 8080 drop',
    );
    const found = brokenAt(await traced(), 'app-1', 'app-2');
    await inside('app-2', 'nft delete table inet other');
    expect(found).toMatchObject({ hop: 'connection', what: expect.stringContaining('gets no answer') });
  });

  test('is told at the process when that does not listen, with where its words are', async () => {
    await ballast('exec', '-a', 'shop', 'shop-db-2-r1', '--', 'touch', '/tmp/8080');
    await eventually(signal, async () => brokenAt(await traced(), 'app-1', 'app-2') !== undefined);
    expect(brokenAt(await traced(), 'app-1', 'app-2')).toMatchObject({
      hop: 'process',
      what: expect.stringContaining('it listens only on 9090'),
      fix: expect.stringContaining('ballast logs -a shop db'),
    });
    // Until every machine knows that it is well again, it is led to by none.
    const whole = async () => brokenAt(await traced(), 'app-1', 'app-3');
    await expect.poll(whole, { timeout: 30_000 }).toBeUndefined();
  });
});

describe('names that nobody bears', () => {
  /** Deploys one of the files changed, and answers with what is said of it. */
  async function refusedWith(file: string, change: (text: string) => string): Promise<string> {
    const path = join(file === fleet.fleetFile ? fleet.options.home : folder, 'changed.yaml');
    await writeFile(path, change(await readFile(file, 'utf8')));
    try {
      const { code, stderr } = await fleet.ballast(['deploy', '-f', path], { signal });
      expect(code).not.toBe(0);
      return stderr;
    } finally {
      await rm(path);
    }
  }

  test.each([
    ['office', 'ofice', 'there is no service and no security group ofice', 'did you mean office?'],
    ['shop/web', 'shop/wbe', 'the app shop has no service wbe', 'did you mean web?'],
  ])('%s written as %s is refused with its place, before anything changes', async (was, is, says, fix) => {
    const file = join(folder, 'press.yaml');
    const before = await ballast('releases', '-a', 'press', '-o', 'name');
    const stderr = await refusedWith(file, (text) => text.replace(was, is));
    for (const text of [says, fix]) expect(stderr).toContain(text);
    expect(stderr).toMatch(/changed\.yaml:1[01]:\d+/);
    expect(await ballast('releases', '-a', 'press', '-o', 'name')).toBe(before);
  });

  test('a group that a rule names does not leave the fleet file', async () => {
    const stderr = await refusedWith(fleet.fleetFile, (text) => text.replace(/^security_groups.*$/m, ''));
    expect(stderr).toContain('no longer has the security group office');
    expect(stderr).toMatch(/press\.yaml:11:\d+/);
  });
});

describe('what differs', () => {
  test('a rule of somebody else that stands in the way is found, and the exit code says so', async () => {
    await inside(
      'app-2',
      'nft add table inet other; nft "add chain inet other c { type filter hook forward priority 5; }"; nft add rule inet other c tcp dport 8080 reject with tcp reset',
    );
    const { code, stdout } = await fleet.ballast(
      ['firewall', 'test', '--from', 'shop/web', '--to', 'shop/db:8080', '--json'],
      { signal },
    );
    await inside('app-2', 'nft delete table inet other');
    expect(code).toBe(1);
    const found = (JSON.parse(stdout) as { tries: readonly (TrafficTry & { ok: boolean })[] }).tries;
    expect(found.filter(({ ok }) => !ok)).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ expected: 'open', seen: 'refused', machine: 'app-2' }),
      ]),
    );
  });

  test('a rule that is taken away lets whoever shares a network in again, and no container is made anew', async () => {
    const before = await ballast('ps', '-o', 'name');
    const open = await exec(['sed', '/x-ballast/,/9090/d', join(folder, 'shop.yaml')], { signal });
    const file = join(folder, 'open.yaml');
    await writeFile(file, open.stdout);
    try {
      await ballast('deploy', '-f', file);
    } finally {
      await exec(['rm', file], { signal });
    }
    const all = await tries('--from', 'shop/web', '--to', 'shop/db:9090');
    expect(all.map(({ seen }) => seen)).toEqual(all.map(() => 'open'));
    expect(all.every(({ ok }) => ok)).toBe(true);
    expect(await ballast('ps', '-o', 'name')).toBe(before);
  });
});
