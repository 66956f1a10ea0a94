import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { exec } from '#host/exec.ts';
import { startProcess } from '#host/process.ts';
import { ensureBaseImages } from '#scripts/base-images/ensure.ts';
import { type LocalFleet, localFleet } from '#scripts/fleet/fleet.ts';
import { cache, data, executable } from '#scripts/fleet/places.ts';
import type { MeshView } from '#wire/mesh-views.ts';
import type { MachineView, ReplicaView } from '#wire/views.ts';
import { asking, once, serving } from './mesh/programs.ts';
import { eventually } from './support/ask.ts';

const signal = AbortSignal.timeout(15 * 60_000);
const mark = 'seen-in-the-clear';
let fleet: LocalFleet;
let folder: string;

async function ballast(...words: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await fleet.ballast(words, { signal });
  expect(code, `${words.join(' ')}\n${stdout}${stderr}`).toBe(0);
  return stdout;
}

async function inside(machine: string, script: string): Promise<string> {
  const argv = await fleet.provider.inside(machine, signal);
  const { stdout, stderr } = await exec([...argv, 'sh', '-c', script], { signal, timeoutMs: 90_000 });
  return (stdout + stderr).trim();
}

async function write(name: string, text: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, text);
  return path;
}

const deployFleet = async (count: number, mesh: 'wireguard' | 'none'): Promise<void> => {
  const text = `fleet: msh
machines: { app: { provider: local, count: ${count} } }
network: { machines: 10.76.0.0/24, mesh: ${mesh} }
`;
  await ballast('deploy', '-f', await write('fleet.yaml', text));
};

const machines = async (): Promise<readonly MachineView[]> =>
  (JSON.parse(await ballast('machine', 'ls', '--json')) as { machines: readonly MachineView[] }).machines;

/** The replica on a machine. */
async function on(machine: string): Promise<ReplicaView> {
  const { replicas } = JSON.parse(await ballast('ps', '-a', 'talk', '--json')) as {
    replicas: readonly ReplicaView[];
  };
  const found = replicas.find((one) => one.machine === machine);
  if (!found) throw new Error(`no replica on ${machine}`);
  return found;
}

/** The status that a container gets from another one, or what went wrong. */
async function get(from: string, to: string, seconds = 10): Promise<string> {
  const [asker, answerer] = [await on(from), await on(to)];
  const argv = ['podman', 'exec', asker.id, 'python3', '-c', `'${once}'`, answerer.address, String(seconds)];
  return (await inside(from, argv.join(' '))).split('\n').at(-1) ?? '';
}

const reaches = async (from: string, to: string): Promise<void> =>
  await eventually(signal, async () => (await get(from, to, 2)) === '200', 90_000);

interface Counts {
  readonly kept: number;
  readonly fresh: number;
  readonly slowest: number;
  readonly errors: readonly string[];
}

/** Has a container ask others all the time while something is done; answers with how that went. */
async function meanwhile(from: string, to: readonly string[], work: () => Promise<void>): Promise<Counts> {
  const asker = await on(from);
  const addresses = await Promise.all(to.map(async (name) => (await on(name)).address));
  const lines: string[] = [];
  const begun = Promise.withResolvers<void>();
  const argv = await fleet.provider.inside(from, signal);
  const running = startProcess(
    [...argv, 'podman', 'exec', '-i', asker.id, 'python3', '-c', asking, ...addresses],
    {
      stdin: true,
      onLine(line) {
        lines.push(line);
        if (line === 'begun') begun.resolve();
      },
    },
  );
  try {
    await Promise.race([begun.promise, running.done.then(() => Promise.reject(new Error(lines.join('\n'))))]);
    await work();
  } finally {
    running.endInput();
    await running.done;
  }
  return JSON.parse(lines.at(-1) ?? '') as Counts;
}

/** How long until a machine's own end of the mesh is as it was, and packets come through. */
async function mended(machine: string, harm: string): Promise<number> {
  const began = Date.now();
  const peers =
    'wg show ballast-mesh peers | sort; wg show ballast-mesh public-key; ip route show dev ballast-mesh';
  const before = await inside(machine, peers);
  await inside(machine, harm);
  await eventually(
    signal,
    async () =>
      (await inside(machine, peers)) === before &&
      (await inside(machine, 'ping -n -q -c 1 -W 1 10.91.2.1 >/dev/null && echo yes')) === 'yes',
  );
  return Date.now() - began;
}

beforeAll(async () => {
  fleet = localFleet({
    ...{ name: 'msh', home: join(data, 'msh'), cache, executable, ownConfig: true },
    ...{ network: '10.76.0.0/24', machines: 3, port: 7722, mesh: 'wireguard' },
  });
  await fleet.down();
  fleet = localFleet(fleet.options);
  folder = await mkdtemp(join(tmpdir(), 'ballast-mesh-'));
  await Promise.all([
    fleet.provider.prepare(() => {}, signal),
    ensureBaseImages(['python:trixie'], () => {}, { signal }),
  ]);
  await fleet.startServer(signal);
  await deployFleet(3, 'wireguard');
  const app = `name: talk
services:
  web:
    build: { context: ., dockerfile_inline: "FROM localhost/ballast/python:trixie" }
    command: [python3, -c, ${JSON.stringify(serving)}]
    stop_grace_period: 1s
    deploy: { mode: global }
`;
  await ballast('deploy', '-f', await write('compose.yaml', app));
}, 600_000);

afterAll(async () => {
  await fleet?.down();
  await rm(folder, { recursive: true, force: true });
}, 120_000);

test('containers of different machines talk, and nothing of it can be read on the wire', async () => {
  const capture = async (link: string): Promise<string> => {
    const file = `/run/${link}.pcap`;
    await inside(
      'app-2',
      `systemd-run --quiet --unit capture-${link} tcpdump -U --immediate-mode -i ${link} -s 0 -w ${file}`,
    );
    await eventually(signal, async () => (await inside('app-2', `test -s ${file} && echo yes`)) === 'yes');
    expect(await get('app-1', 'app-2')).toBe('200');
    await inside('app-2', `systemctl stop capture-${link}`);
    return file;
  };
  const wire = await capture('host0');
  expect(await inside('app-2', `grep -c ${mark} ${wire}`)).toBe('0');
  const between = await inside('app-2', `tcpdump -n -r ${wire} host 10.76.0.1 2>/dev/null | grep -v ARP`);
  expect(between.split('\n').filter((line) => line.includes('.51820'))).not.toEqual([]);
  expect(between.split('\n').filter((line) => !/\.51820|\.5000\b/.test(line))).toEqual([]);
  expect(await inside('app-2', `tcpdump -n -r ${wire} net 10.91.0.0/16 2>/dev/null | wc -l`)).toBe('0');
  // The same capture where it is in the clear sees it.
  expect(Number(await inside('app-2', `grep -c ${mark} ${await capture('br-ballast')}`))).toBeGreaterThan(0);
});

test('private keys stay where they were made, and nobody else may read them', async () => {
  const found = await inside(
    'app-1',
    `cd /etc/ballast/mesh && stat -c '%a %U' *.key &&
     { grep -rlFf *.key /etc /var/lib/ballast /run --exclude='*.key' 2>/dev/null;
       journalctl --no-pager | grep -cFf *.key; cat /proc/[0-9]*/cmdline | grep -cFf *.key; }`,
  );
  expect(found.split('\n')).toEqual(['600 root', '0', '0']);
});

test('machine ls tells how far the others are and when they last met', async () => {
  await eventually(signal, async () =>
    (await machines()).every(({ facts }) =>
      facts?.mesh?.peers.every(({ roundTripMs }) => (roundTripMs ?? 0) > 0),
    ),
  );
  const listed = await ballast('machine', 'ls');
  expect(listed).toMatch(/MESH/);
  expect(listed).toMatch(/app-1 .* 2\/2, [\d.]+ ms, \d+\w+ ago/);
});

test('what is undone by hand is mended', async () => {
  const took: Record<string, number> = {};
  const harms = {
    killed: 'kill -9 $(pidof wireguard-go)',
    'peer removed': 'wg set ballast-mesh peer $(wg show ballast-mesh peers | head -1) remove',
    'stranger let in': 'wg set ballast-mesh peer $(wg genkey | wg pubkey) allowed-ips 10.91.2.0/24',
    'interface deleted': 'ip link delete ballast-mesh',
    'unit stopped': 'systemctl stop ballast-mesh',
    'key replaced': 'wg genkey >/etc/ballast/mesh/m1-r1.key',
  };
  const key = await inside('app-1', 'cat /etc/ballast/mesh/m1-r1.key');
  for (const [name, harm] of Object.entries(harms)) took[name] = await mended('app-1', harm);
  await eventually(signal, async () => (await inside('app-1', 'cat /etc/ballast/mesh/m1-r1.key')) === key);
  console.log('mended after ms:', took);
  await reaches('app-1', 'app-2');
});

test('keys are changed under load without a request that fails', async () => {
  const before = await inside('app-1', 'wg show all peers | sort');
  const counts = await meanwhile('app-1', ['app-2', 'app-3'], async () => {
    await ballast('machine', 'rotate-keys');
  });
  console.log('while keys changed:', counts);
  expect(counts.errors).toEqual([]);
  expect(counts.kept).toBeGreaterThan(0);
  // The old keys are void at once; the interface that had them goes a moment later.
  await eventually(
    signal,
    async () => (await inside('app-1', 'ip -o link show type tun')).split('\n').length === 1,
  );
  const after = await inside('app-1', 'wg show all peers | sort');
  expect(after.split('\n')).toHaveLength(2);
  for (const line of after.split('\n')) expect(before).not.toContain(line.split('\t').at(-1));
  await eventually(signal, async () =>
    (await inside('app-1', 'ls /etc/ballast/mesh/*.key')).endsWith('m1-r2.key'),
  );
});

test('a machine that boots with the server away finds the others, and so do those that were cut off', async () => {
  await fleet.stopServer();
  await fleet.provider.power.reboot('app-3', signal);
  const gateway = 'ping -n -q -c 1 -W 1 10.91.3.1 >/dev/null && echo yes';
  await eventually(signal, async () => (await inside('app-1', gateway)) === 'yes');
  await fleet.provider.power.partition('app-3', signal);
  expect(await inside('app-1', gateway)).toBe('');
  await fleet.provider.power.heal('app-3', signal);
  await eventually(signal, async () => (await inside('app-1', gateway)) === 'yes');
  await fleet.startServer(signal);
  await reaches('app-1', 'app-3');
});

test('a machine that joins is known to the others, and forgotten when it leaves', async () => {
  await deployFleet(4, 'wireguard');
  await eventually(
    signal,
    async () => (await on('app-4').catch(() => undefined))?.report?.state === 'running',
  );
  await reaches('app-1', 'app-4');
  const key = await inside('app-4', 'wg show ballast-mesh1 public-key');
  expect(await inside('app-1', 'wg show all peers')).toContain(key);
  await deployFleet(3, 'wireguard');
  for (const name of ['app-1', 'app-2', 'app-3'])
    await eventually(signal, async () => !(await inside(name, 'wg show all peers')).includes(key));
});

test('the mesh comes and goes under load without a request that fails', async () => {
  const view = async (): Promise<MeshView> => {
    const [{ facts } = { facts: null }] = await machines();
    return { carrier: Object.keys(facts?.mesh?.keys ?? {}).length > 0 ? 'wireguard' : 'none' } as MeshView;
  };
  const counts = await meanwhile('app-1', ['app-2'], async () => {
    await deployFleet(3, 'none');
    await eventually(signal, async () => (await view()).carrier === 'none');
    expect(await inside('app-1', 'ip -o link show type tun')).toBe('');
    await deployFleet(3, 'wireguard');
    await eventually(signal, async () =>
      (await inside('app-1', 'ip route show 10.91.2.0/24')).includes('ballast-mesh'),
    );
    await eventually(signal, async () =>
      (await inside('app-1', 'nft list chain inet ballast mesh_out')).includes('drop'),
    );
  });
  console.log('while the mesh went and came:', counts);
  expect(counts.errors).toEqual([]);
  const drift = JSON.parse(await ballast('drift', '--json')) as {
    machines: readonly { drift: readonly unknown[] }[];
  };
  expect(drift.machines.flatMap((one) => one.drift)).toEqual([]);
});
