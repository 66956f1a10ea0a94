import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Executed } from '#host/exec.ts';
import { exec, run } from '#host/exec.ts';
import type { LocalOptions } from '#provider/local/fleet.ts';
import { ensureBaseImages } from '#scripts/base-images/ensure.ts';
import { type LocalFleet, localFleet } from '#scripts/fleet/fleet.ts';
import { cache, data, executable } from '#scripts/fleet/places.ts';
import { ensureVariant, variantRoot } from '#scripts/fleet/variant.ts';
import type { FleetEvent, MachineView, ReplicaView } from '#wire/views.ts';
import { makePackages } from './baseline/host.ts';
import { supervisorPid } from './provider-lab.ts';
import { eventually } from './support/ask.ts';

// What goes wrong on machines, and is no fault of what was asked for: each is named, and ends by itself once mended.

const signal = AbortSignal.timeout(10 * 60_000);
/** A machine that is on the network and not in the fleet. */
const stranger = { name: 'stranger', address: '10.77.0.40' };
let fleet: LocalFleet;
let dir: string;

/** With known hosts of its own: the next run makes machines with other keys. */
const ballast = (...words: string[]): Promise<Executed> =>
  fleet.ballast(words, { signal, env: { XDG_STATE_HOME: join(dir, 'state') } });

async function well(...words: string[]): Promise<string> {
  const { code, stdout, stderr } = await ballast(...words);
  expect(code, `ballast ${words.join(' ')}: ${stderr}`).toBe(0);
  return stdout;
}

async function inside(machine: string, script: string): Promise<string> {
  const argv = [...(await fleet.provider.inside(machine, signal)), 'sh', '-c', script];
  const { code, stdout, stderr } = await exec(argv, { signal, timeoutMs: 60_000 });
  expect(code, `${script}: ${stderr}`).toBe(0);
  return stdout.trim();
}

const machines = async (): Promise<readonly MachineView[]> =>
  (JSON.parse(await well('machine', 'ls', '--json')) as { machines: readonly MachineView[] }).machines;
const machine = async (name: string) => (await machines()).find((each) => each.name === name);
const isOnline = async (name: string): Promise<boolean> =>
  ((await machine(name)) as { connected?: boolean } | undefined)?.connected === true;

async function events(): Promise<readonly FleetEvent[]> {
  const text = await well('events', '--json', '-n', '1000');
  return text.split('\n').flatMap((line) => (line === '' ? [] : (JSON.parse(line) as FleetEvent)));
}

const told = async (pattern: RegExp): Promise<void> =>
  await eventually(signal, async () =>
    (await events()).some(({ kind, what }) => pattern.test(`${kind}: ${what}`)),
  );

const condition = async (name: string, kind: string): Promise<string | undefined> =>
  (await machine(name))?.conditions.find((each) => each.kind === kind)?.what;

/** Lines that the agent has logged since a moment of the machine's own clock. */
const agentLog = async (name: string): Promise<string> =>
  await inside(name, 'journalctl --quiet --no-pager --output=cat --unit ballast-agent');

const failures = async (name: string): Promise<string> =>
  ((await machine(name))?.failures ?? [])
    .map(
      ({ resource, what, log = [] }) =>
        `${resource}: ${what}\n${log.map((line) => `  | ${line}`).join('\n')}`,
    )
    .join('\n');

/** Waits until a machine says that a step fails as it should. */
async function fails(name: string, pattern: RegExp): Promise<void> {
  let last = '';
  await eventually(signal, async () => pattern.test((last = await failures(name)))).catch(
    (cause: unknown) => {
      throw new Error(`${name} says: ${last}`, { cause });
    },
  );
}

/** A Compose file of one service on one machine, whose image holds something of its own. */
function compose(app: string, on: string, more: object = {}): string {
  const folder = join(dir, app);
  mkdirSync(folder, { recursive: true });
  const file = join(folder, 'compose.yaml');
  const service = {
    build: {
      context: folder,
      dockerfile_inline: `FROM python:trixie\nRUN head -c 6000000 /dev/urandom >/${app}\n`,
    },
    command: ['sleep', '9999'],
    stop_grace_period: '0s',
    deploy: { placement: { constraints: [`node.hostname == ${on}`] } },
    ...more,
  };
  writeFileSync(file, JSON.stringify({ services: { web: service } }));
  return file;
}

const running = async (app: string): Promise<boolean> => {
  const { replicas } = JSON.parse(await well('ps', '--json')) as { replicas: readonly ReplicaView[] };
  return replicas.some((replica) => replica.app === app && replica.report?.state === 'running');
};

function fleetFile(host = ''): string {
  const file = join(dir, 'fleet.yaml');
  // So little to be kept free that a full disk is met, and not kept away from.
  const text = readFileSync(fleet.fleetFile, 'utf8').replace(', size:', ', reserve: { disk: 1M }, size:');
  writeFileSync(file, `${text}${host}`);
  return file;
}

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'ballast-trouble-'));
  const options = {
    ...{ name: 'trb', home: join(data, 'trb'), cache, executable, network: '10.77.0.0/24' },
    ...{ machines: 2, port: 7721, ownConfig: true, size: { cpus: 2, memory: '1G' } },
  };
  await localFleet(options).down();
  fleet = localFleet(options);
  await Promise.all([
    fleet.provider.prepare(() => {}, signal),
    ensureBaseImages(['python:trixie'], () => {}, { signal }),
  ]);
  await fleet.startServer(signal);
  await well('deploy', '-f', fleetFile());
  await run(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-f', join(dir, 'id')]);
  const authorized = readFileSync(join(dir, 'id.pub'), 'utf8');
  const seed = [{ path: '/root/.ssh/authorized_keys', mode: 0o600, content: authorized }];
  await fleet.provider.create({ ...stranger, size: {}, seed }, () => {}, signal);
}, 600_000);

afterAll(async () => {
  await fleet?.down();
  rmSync(dir, { recursive: true, force: true });
}, 120_000);

describe('a full disk', () => {
  test('of images is named with its machine and what is free; with room again the deploy goes on by itself', async () => {
    // Small, so that the real disk is not filled. Nothing runs on that machine yet.
    await inside('app-2', 'mount -t tmpfs -o size=40m tmpfs /var/lib/containers');
    const deploy = ballast('deploy', '-f', compose('large', 'app-2'), '--timeout', '120s');
    await fails(
      'app-2',
      /^image:.*large.*: no space left on the disk of \/var\/lib\/containers\S* \(\d\d? MiB free\)/m,
    );
    expect(await well('status')).toMatch(/app-2.*no space left on the disk of \/var/s);
    await inside('app-2', 'mount -o remount,size=2g /var/lib/containers');
    const { code, stderr } = await deploy;
    expect(stderr).toMatch(/large-web-1-r1 .*app-2.*no space left/);
    expect(code, stderr).toBe(0);
  });

  test('of the agent loses nothing: what it was not told is not begun, and is done when there is room', async () => {
    const state = '/var/lib/ballast';
    await inside(
      'app-2',
      `systemctl stop ballast-agent; cp -a ${state} /root/state; mount -t tmpfs -o size=8m,mode=700 tmpfs ${state}
       cp -a /root/state/. ${state}/; systemctl start ballast-agent`,
    );
    await eventually(signal, () => isOnline('app-2'));
    await inside('app-2', `cat /dev/zero >${state}/filler 2>/dev/null; md5sum ${state}/*.json >/root/before`);
    const deploy = ballast('deploy', '-f', compose('small', 'app-2'), '--timeout', '120s');
    await fails(
      'app-2',
      /^agent:manifest: no space left on the disk of \/var\/lib\/ballast\/\S+ \(0 MiB free\)/m,
    );
    expect(await running('small')).toBe(false);
    expect(await running('large')).toBe(true);
    // Neither half a file nor one that is gone.
    await inside('app-2', `md5sum --check --quiet /root/before; ! ls -A ${state} | grep '^[.]'`);
    await inside('app-2', 'systemctl restart ballast-agent');
    await eventually(signal, () => isOnline('app-2'));
    expect(await running('large')).toBe(true);
    await inside('app-2', `rm ${state}/filler`);
    const { code, stderr } = await deploy;
    expect(code, stderr).toBe(0);
    expect(await running('small')).toBe(true);
  });
});

test('a service that writes too fast is held to the rate it was given, on the disk it was given for', async () => {
  await inside(
    'app-1',
    "mknod /dev/shared b $(stat -c '%Hd %Ld' /var/lib/containers) || mknod /dev/shared b $(mountpoint -d /var/lib/containers | tr : ' ')",
  );
  const blkio_config = { device_write_bps: [{ path: '/dev/shared', rate: '1mb' }] };
  await well('deploy', '-f', compose('slow', 'app-1', { blkio_config }));
  const kept = 'grep -rhs 1048576 /sys/fs/cgroup --include=blkio.throttle.write_bps_device --include=io.max';
  expect(await inside('app-1', kept)).toMatch(/^\d+:\d+ .*1048576/m);
});

test('a machine whose supervisor dies while it is made is finished by making it again, or leaves nothing', async () => {
  const order = { name: 'unborn', address: '10.77.0.41', size: {}, seed: [] };
  const provider = { fleet: 'trb', stateDir: join(data, 'trb/server/machines') } as LocalOptions;
  const there = async () =>
    (await fleet.provider.list(signal)).find(({ name }) => name === order.name)?.state;
  const making = fleet.provider.create(order, () => {}, signal).catch(String);
  let pid = Number.NaN;
  await eventually(signal, async () => {
    pid = supervisorPid(provider, order.name);
    return !Number.isNaN(pid);
  });
  process.kill(pid, 'SIGKILL');
  await making;
  await eventually(signal, async () => (await there()) !== 'running');
  await fleet.provider.create(order, () => {}, signal);
  expect(await there()).toBe('running');
  await fleet.provider.destroy(order.name, signal);
  expect(await there()).toBeUndefined();
});

describe('packages', () => {
  const packages = (names: readonly string[]) =>
    fleetFile(`host:
  packages: { ${names.map((name) => `${name}: {}`).join(', ')} }
  files: { /etc/beside: { content: "beside ${names.length}\\n" } }
`);

  beforeAll(async () => {
    for (const name of ['app-1', 'app-2']) await inside(name, makePackages);
  });

  test('that another program holds the lock of are waited for, with its name; the rest goes on', async () => {
    await inside(
      'app-1',
      // What dpkg runs holds its lock: a package that takes its time.
      `cd /opt/debs; mkdir -p slow/DEBIAN
       printf 'Package: slow\\nVersion: 1\\nArchitecture: all\\nMaintainer: nobody\\nDescription: test\\n' >slow/DEBIAN/control
       printf '#!/bin/sh\\nsleep 600\\n' >slow/DEBIAN/preinst; chmod 755 slow/DEBIAN/preinst
       dpkg-deb --root-owner-group --build slow >/dev/null; rm -r slow
       systemd-run --quiet --unit=other-apt dpkg -i /opt/debs/slow.deb
       until pgrep -f slow.preinst >/dev/null || pgrep -x sleep >/dev/null; do sleep 0.05; done`,
    );
    const deploy = ballast('deploy', '-f', packages(['hello-ballast']), '--timeout', '120s');
    await fails(
      'app-1',
      /package:hello-ballast: another program is installing packages; .*lock-frontend is held by process \d+ \(dpkg\)/,
    );
    expect(await inside('app-1', 'cat /etc/beside')).toBe('beside 1');
    expect(await inside('app-2', 'hello-ballast')).toContain('hello');
    await inside('app-1', 'systemctl stop other-apt');
    const { code, stderr } = await deploy;
    expect(code, stderr).toBe(0);
    expect(await inside('app-1', 'hello-ballast')).toContain('hello');
  });

  test('that nobody has fail by name with the last lines of apt, and come once there is a source', async () => {
    const { code, stderr } = await ballast(
      ...['deploy', '-f', packages(['hello-ballast', 'late-ballast']), '--timeout', '15s'],
    );
    expect([1, 4]).toContain(code);
    expect(stderr).toMatch(/package:late-ballast .*failed/);
    expect(stderr).toContain('there is no package late-ballast');
    expect(stderr).toContain('E: Unable to locate package late-ballast');
    expect(await inside('app-1', 'cat /etc/beside')).toBe('beside 2');
    // The lists are read by the agent itself.
    const source = makePackages
      .replace('cd /opt/debs', 'cd /opt/debs && rm -f Packages')
      .replace('make broken-ballast', 'make late-ballast')
      .replace(/apt-get -qq update[^]*/, '');
    for (const name of ['app-1', 'app-2']) await inside(name, source);
    await eventually(
      signal,
      async () => (await machines()).every((each) => each.failures.length === 0),
      90_000,
    );
    expect(await inside('app-2', 'late-ballast')).toContain('hello');
  });
});

describe('a machine that Ballast does not run on', () => {
  test.each([
    [
      'of another distribution',
      `cp /etc/os-release /root/os-release; rm /etc/os-release
       printf 'ID=fedora\\nVERSION_ID=42\\nPRETTY_NAME="Fedora Linux 42"\\n' >/etc/os-release`,
      'rm /etc/os-release; mv /root/os-release /etc/os-release',
      [/Fedora Linux 42 is not supported/, /install Debian 13 or newer/],
    ],
    [
      'of an old release',
      `cp /etc/os-release /root/os-release; rm /etc/os-release
       printf 'ID=debian\\nVERSION_ID="12"\\nPRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\\n' >/etc/os-release`,
      'rm /etc/os-release; mv /root/os-release /etc/os-release',
      [/Debian GNU\/Linux 12 \(bookworm\) is too old/, /upgrade to Debian 13 or newer/],
    ],
    [
      'with an old podman',
      `printf '#!/bin/sh\\necho podman version 4.3.1\\n' >/usr/local/bin/podman; chmod 755 /usr/local/bin/podman`,
      'rm /usr/local/bin/podman',
      [/podman 4\.3\.1 is too old/, /install podman 5 or newer/],
    ],
  ])(
    '%s is refused with what it has and what is needed, and nothing on it is changed',
    async (_, spoil, mend, says) => {
      const traces =
        'find /etc /usr /var/lib -xdev -newer /root/mark -type f; find / -xdev -name "*ballast*" -newer /root/mark';
      await inside(stranger.name, `${spoil}; sleep 0.01; touch /root/mark`);
      try {
        const { code, stderr } = await ballast(
          ...['machine', 'add', 'old-1', '--ssh', `root@${stranger.address}`, '--identity', join(dir, 'id')],
        );
        expect(code, stderr).toBe(1);
        for (const text of says) expect(stderr).toMatch(text);
      } finally {
        expect(await inside(stranger.name, traces)).toBe('');
        await inside(stranger.name, mend);
      }
      expect((await machines()).map(({ name }) => name)).toEqual(['app-1', 'app-2']);
    },
  );
});

describe('a clock that is wrong', () => {
  const drop = '/etc/systemd/system/ballast-agent.service.d/clock.conf';
  /** Restarts the agent with a clock that is off; 0: with the right one. */
  async function setClock(off: string): Promise<void> {
    const conf = `[Service]\\nEnvironment=LD_PRELOAD=/usr/lib/faketime.so FAKETIME=${off} FAKETIME_DONT_FAKE_MONOTONIC=1\\n`;
    await inside(
      'app-2',
      `${off === '0' ? `rm -f ${drop}` : `mkdir -p ${drop.replace('/clock.conf', '')}; printf '${conf}' >${drop}`}
       systemctl daemon-reload; systemctl restart ballast-agent`,
    );
  }

  beforeAll(async () => {
    const root = variantRoot(await ensureVariant('faketime', ['libfaketime']));
    const found = (await run(['find', join(root, 'usr/lib'), '-name', 'libfaketime.so.1'])).trim();
    cpSync(found, join(dir, 'faketime.so'));
    const enter = await fleet.provider.inside('app-2', signal);
    await run([...enter, 'sh', '-c', 'cat >/usr/lib/faketime.so'], { inputFile: join(dir, 'faketime.so') });
  });

  test('by a day ahead is a condition of the machine, which goes on; it ends when the clock is right', async () => {
    await setClock('+1d');
    await told(/^machine-clock: app-2: its clock is (1 d 0 h|24 h 0 m|23 h 59 m) ahead/);
    expect(await condition('app-2', 'wrong-clock')).toMatch(/ahead/);
    expect(await well('status')).toMatch(/app-2 has had a wrong clock .* ahead/);
    await setClock('0');
    await told(/^machine-clock: app-2: its clock is right again/);
    expect(await condition('app-2', 'wrong-clock')).toBeUndefined();
  });

  test('so far behind that the server looks false is told by the machine, and mends by itself', async () => {
    await setClock('-2d');
    await told(/^machine-clock: app-2 cannot connect: its clock is .* behind/);
    expect(await agentLog('app-2')).toMatch(/the clock of this machine is .* behind the server's/);
    expect((await machine('app-2'))?.note).toMatch(/its clock is .* behind/);
    await setClock('0');
    await eventually(signal, () => isOnline('app-2'));
    expect((await machine('app-2'))?.note).toBeUndefined();
  });
});

describe('two machines with one identity', () => {
  const claim =
    /10\.77\.0\.40 \(boot \w+\) has the identity of app-1, which is connected from 10\.77\.0\.1 \(boot \w+\)/;
  const comings = async () =>
    (await events()).filter(
      ({ machine: name, kind }) => name === 'app-1' && /^machine-(offline|online|reconnected)$/.test(kind),
    ).length;

  test('are told apart: the copy is refused with the reason, and the right one goes on', async () => {
    const before = await comings();
    const archive = join(dir, 'identity.tar');
    const from = [...(await fleet.provider.inside('app-1', signal)), 'tar', '-C', '/', '-cf', '-'];
    const paths =
      'etc/ballast var/lib/ballast usr/local/bin/ballast etc/systemd/system/ballast-agent.service';
    await run(['sh', '-c', `"$@" ${paths} >${archive}`, 'sh', ...from], { timeoutMs: 60_000 });
    const to = await fleet.provider.inside(stranger.name, signal);
    await run([...to, 'tar', '-C', '/', '-xf', '-'], { inputFile: archive, timeoutMs: 60_000 });
    await inside(stranger.name, 'systemctl daemon-reload; systemctl start ballast-agent');
    await told(/^machine-twice: 10\.77\.0\.40/);
    expect(await condition('app-1', 'copied-identity')).toMatch(claim);
    expect(await well('status')).toMatch(/app-1 is claimed by two machines/);
    await eventually(signal, async () =>
      /refuses this machine: another machine is connected as app-1; .*a copied disk/.test(
        await agentLog(stranger.name),
      ),
    );
    // It knocks again and again, and nothing comes of it.
    await inside(stranger.name, 'systemctl restart ballast-agent');
    await eventually(
      signal,
      async () => (await agentLog(stranger.name)).split('refuses this machine').length > 2,
    );
    expect(await comings()).toBe(before);
    expect((await events()).filter(({ kind }) => kind === 'machine-twice')).toHaveLength(1);
  });

  test('of which the copy came first: it makes way for the one at the known address', async () => {
    await inside('app-1', 'systemctl stop ballast-agent');
    await fleet.stopServer();
    await fleet.startServer(signal);
    await eventually(signal, () => isOnline('app-1'));
    await inside('app-1', 'systemctl start ballast-agent');
    await eventually(signal, async () => claim.test((await condition('app-1', 'copied-identity')) ?? ''));
    expect(await isOnline('app-1')).toBe(true);
    const before = await comings();
    await inside(stranger.name, 'systemctl restart ballast-agent');
    await eventually(signal, async () =>
      /refuses this machine/.test((await agentLog(stranger.name)).split('Started').at(-1) ?? ''),
    );
    expect(await comings()).toBe(before);
    await inside(stranger.name, 'systemctl stop ballast-agent');
  });
});
