import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { run } from '#host/exec.ts';
import { ensureBaseImages } from '#scripts/base-images/ensure.ts';
import { type LocalFleet, localFleet } from '#scripts/fleet/fleet.ts';
import { cache, data, executable } from '#scripts/fleet/places.ts';
import type { ReplicaView } from '#wire/views.ts';
import { eventually } from './support/ask.ts';

/*
 * Every key of a Compose file that steers a container, on a real machine: keys/compose.yaml says it, and here is looked
 * at what the process, the kernel and podman make of it.
 */

const signal = AbortSignal.timeout(15 * 60_000);
const compose = fileURLToPath(new URL('./keys/compose.yaml', import.meta.url));
const home = join(data, 'keys');
let fleet: LocalFleet;

beforeAll(async () => {
  await run([process.execPath, 'scripts/build.ts'], { signal, timeoutMs: 300_000 });
  await ensureBaseImages(['python:trixie'], () => {}, { signal });
  fleet = localFleet({
    name: 'keys',
    home,
    cache,
    executable,
    network: '10.93.0.0/24',
    port: 7703,
    machines: 1,
    ownConfig: true,
  });
  await fleet.provider.prepare(() => {}, signal);
  await fleet.startServer(signal);
  await ballast('deploy', '-f', fleet.fleetFile);
  await ballast('deploy', '-f', compose);
});

afterAll(async () => {
  await fleet?.down();
});

async function ballast(...words: string[]): Promise<string> {
  const { code, stdout, stderr } = await fleet.ballast(words, { signal });
  expect(code, stderr).toBe(0);
  return stdout;
}

/** What a shell script prints inside a service's container. */
const inside = async (service: string, script: string): Promise<string> =>
  (await ballast('exec', '-a', 'keys', service, '--', '/bin/sh', '-c', script)).replace(/\n$/, '');

/** What a command prints on the machine. */
const onMachine = async (...argv: string[]): Promise<string> =>
  await run([...(await fleet.provider.inside('app-1', signal)), ...argv], { signal });

async function inspect(service: string): Promise<Inspected> {
  const [one] = JSON.parse(await onMachine('podman', 'inspect', `keys-${service}-1-r1`)) as Inspected[];
  if (!one) throw new Error(`no container of ${service}`);
  return one;
}

interface Inspected {
  readonly Id: string;
  readonly Config: {
    readonly Labels: Readonly<Record<string, string>>;
    readonly Annotations: Readonly<Record<string, string>>;
    readonly StopSignal: string;
    readonly StopTimeout: number;
    readonly Healthcheck?: Readonly<Record<string, unknown>>;
  };
  readonly HostConfig: {
    readonly LogConfig: { readonly Type: string; readonly Tag: string };
    readonly SecurityOpt: readonly string[];
  };
}

async function replicas(app: string): Promise<readonly ReplicaView[]> {
  const { replicas: all } = JSON.parse(await ballast('ps', '--json')) as { replicas: readonly ReplicaView[] };
  return all.filter((replica) => replica.app === app);
}

/** What the image's program noted about its own start. */
interface Start {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
}

const started = async (service: string): Promise<Start> =>
  JSON.parse(await inside(service, 'cat /dev/shm/start')) as Start;

describe('what a process is started with', () => {
  test('environment arrives to the letter, and goes before env_file', async () => {
    expect((await started('words')).env).toMatchObject({
      DOLLAR: '$HOME ${x} $$ $',
      PERCENT: '100% %n %%i',
      QUOTES: 'it\'s "quoted" `x` \\ \\n',
      LINES: 'one\ntwo\n\tthree',
      UNICODE: 'grün ☃ 日本',
      EMPTY: '',
      SPACES: '  two  spaces  ',
      OVERRIDDEN: 'by environment',
      FROM_FILE: 'single $HOME',
      EXPANDED: 'single $HOME!',
    });
  });

  test('command arrives word by word, behind the entry point of the image', async () => {
    const { argv, cwd } = await started('words');
    const expected = [
      '$dollar ${x}',
      '100% %n',
      "quote\"s 'x'",
      '',
      'new\nline',
      'ü',
      'back\\slash',
      '--',
      ';',
      'a b',
    ];
    expect(argv).toEqual(expected);
    expect(cwd).toBe('/var/lib');
  });

  test("entrypoint drops the image's command", async () => {
    expect((await started('entry')).argv).toEqual(['of the entry point']);
  });

  test('labels, annotations and the log tag stand on the container', async () => {
    const { Config, HostConfig } = await inspect('words');
    expect(Config.Labels).toMatchObject({ plain: 'a $b %c "d" é', 'from.file': 'a label of a file' });
    expect(Config.Annotations).toMatchObject({ 'org.example.note': 'a b' });
    expect(HostConfig.LogConfig).toMatchObject({ Type: 'journald', Tag: 'tagged' });
  });

  test('stop_signal reaches the process, which has the grace period to end', async () => {
    const { Config } = await inspect('entry');
    expect(Config.StopTimeout).toBe(2);
    expect([Config.StopSignal, (await inspect('words')).Config.StopSignal]).toEqual(['SIGINT', 'SIGQUIT']);
  });
});

test('security_opt reaches the container', async () => {
  const { HostConfig } = await inspect('walls');
  expect(HostConfig.SecurityOpt).toEqual(expect.arrayContaining(['no-new-privileges', 'seccomp=unconfined']));
  expect(HostConfig.LogConfig.Type).toBe('none');
});

/** A control file of the container, by its name in version 1 of control groups and in version 2. */
const control = (old: string, now: string): string =>
  `cat /sys/fs/cgroup/${old} 2>/dev/null || cat /sys/fs/cgroup/${now}`;
const status = (field: string): string => `grep ^${field}: /proc/1/status | cut -f2-`;
const mib = 2 ** 20;

describe.each<
  [service: string, checks: readonly [what: string, script: string, expected: string | RegExp][]]
>([
  [
    'entry',
    [
      ['user and group', 'stat -c %u:%g /proc/1', '1000:1001'],
      ['group_add', 'id -G', '1001 29 44'],
      ['hostname with domainname', 'hostname', 'box.example.com'],
      ['init', 'cat /proc/1/comm', 'podman-init'],
      ['dns', 'grep nameserver /etc/resolv.conf', 'nameserver 192.0.2.53\nnameserver 192.0.2.54'],
      ['dns_search', 'grep search /etc/resolv.conf', 'search keys.internal example.com example.org'],
      ['dns_opt', 'grep options /etc/resolv.conf', /ndots:3/],
      ['extra_hosts', 'getent hosts printer', /^192\.0\.2\.10 /],
      ['host-gateway', 'getent hosts machine', /^10\.91\.1\.1 /],
    ],
  ],
  [
    'words',
    [
      ['the name of a service', 'getent hosts mounts', /^10\.91\.1\.\d+ +mounts/],
      ['aliases', 'getent hosts another-name', /^10\.91\.1\.\d+ +another-name/],
      ['a hostname by default', 'hostname', 'keys-words-1'],
      ['cgroup: private by default', 'cut -d: -f3 /proc/self/cgroup | sort -u', '/'],
      ['no limit of processes by default', control('pids/pids.max', 'pids.max'), 'max'],
    ],
  ],
  [
    'walls',
    [
      ['read_only', 'touch /of-image 2>&1', /Read-only file system/],
      ['cap_add and cap_drop', status('CapEff'), '000000008004157a'],
      ['no-new-privileges', status('NoNewPrivs'), '1'],
      ['mask', 'cat /proc/uptime', ''],
      [
        'sysctls',
        'cat /proc/sys/net/core/somaxconn /proc/sys/net/ipv4/ip_local_port_range',
        '77\n2000\t3000',
      ],
      [
        'ulimits',
        'grep -E "open files|core file|processes" /proc/1/limits | tr -s " "',
        /core file size unlimited unlimited bytes .*\n.*processes 300 300 .*\n.*open files 1000 2000 /i,
      ],
      ['shm_size', 'echo $(df -B1 --output=size /dev/shm | tail -1)', String(32 * mib)],
      [
        'tmpfs with options',
        'grep " /scratch " /proc/mounts',
        /^tmpfs \/scratch tmpfs rw,.*noexec.*size=1024k,mode=1770/,
      ],
      ['tmpfs without', 'stat -f -c %T /plain', 'tmpfs'],
      ['tmpfs in the long form', 'grep " /long " /proc/mounts', /size=2048k,mode=750/],
      ['tmpfs that is read-only', 'touch /long-ro/file 2>&1', /Read-only file system/],
    ],
  ],
  [
    'limits',
    [
      ['mem_limit', control('memory/memory.limit_in_bytes', 'memory.max'), String(96 * mib)],
      [
        'cpus',
        'cat /sys/fs/cgroup/cpu/cpu.cfs_quota_us 2>/dev/null || cut -d" " -f1 /sys/fs/cgroup/cpu.max',
        '50000',
      ],
      ['cpuset', control('cpuset/cpuset.cpus', 'cpuset.cpus'), '0'],
      ['pids_limit', control('pids/pids.max', 'pids.max'), '50'],
      ['oom_score_adj', 'cat /proc/1/oom_score_adj', '500'],
      [
        'memswap_limit',
        'cat /sys/fs/cgroup/memory/memory.memsw.limit_in_bytes 2>/dev/null || echo $(($(cat /sys/fs/cgroup/memory.swap.max) + 96 * 1048576))',
        String(160 * mib),
      ],
      // Version 2 knows weights from 1 to 10000, into which shares are translated.
      ['cpu_shares', control('cpu/cpu.shares', 'cpu.weight'), /^(512|20|59)$/],
      ['mem_reservation', control('memory/memory.soft_limit_in_bytes', 'memory.low'), String(48 * mib)],
    ],
  ],
  [
    'namespaces',
    [
      ['pid: host', 'cat /proc/1/comm', 'systemd'],
      ['uts: host', 'hostname', 'app-1'],
      ['cgroup: host', 'cut -d: -f3 /proc/self/cgroup | sort -u', /keys-namespaces-1-r1\.service/],
      ['network_mode: host', 'ls /sys/class/net', /br-ballast/],
      ['pids_limit -1', control('pids/pids.max', 'pids.max'), /^max$|^cat/],
    ],
  ],
  [
    'alone',
    [
      ['network_mode: none', 'ls /sys/class/net', 'lo'],
      ['ipc: none', 'ls -d /dev/shm 2>&1', /No such file/],
      ['hostname without a network', 'hostname', 'alone'],
      ['tty and stdin_open', 'readlink /proc/1/fd/0; cat /proc/1/comm', '/dev/pts/0\ncat'],
    ],
  ],
  ['rights', [['privileged', status('CapEff'), /^0*1ffff[\da-f]{5,6}$|^000001ff/]]],
  [
    'devices',
    [
      ['devices', 'stat -c "%F %t,%T" /dev/other', 'character special file a,e5'],
      [
        'device permissions',
        'head -c1 /dev/other 2>&1; echo x 2>&1 > /dev/other',
        /Operation not permitted|Permission denied/,
      ],
    ],
  ],
  [
    'mounts',
    [
      ['depends_on: service_completed_successfully', 'test -s /data/filled && echo yes', 'yes'],
      ['a named volume', 'touch /data/new && ls /again/new', '/again/new'],
      ['a volume mounted :ro', 'touch /again/file 2>&1', /Read-only file system/],
      ["a volume takes the image's files", 'cat /filled/file', 'of the image'],
      ['nocopy', 'ls /filled-not', ''],
      ['subpath', 'cat /sub/file', 'below'],
      ['read_only in the long form', 'touch /sub/file 2>&1', /Read-only file system/],
      ['an anonymous volume', 'touch /anonymous/file && stat -c %s /anonymous/file', '0'],
      ['an anonymous one that is read-only', 'touch /anonymous-ro/file 2>&1', /Read-only file system/],
      ['a bind mount whose source was missing', 'touch /made/file && ls /srv-again/keys/made*', 'file'],
      ['a bind mount of a file', 'cat /machine-name', 'app-1'],
      ['propagation', 'grep -o " /srv-again .* master:" /proc/self/mountinfo | wc -l', '1'],
      ['a secret', 'cat /run/secrets/token; stat -c " %u %g %a" /run/secrets/token', 'hush 0 0 444'],
      ['uid, gid, mode and target of a secret', 'stat -c "%u %g %a" /run/secrets/own', '1000 1001 400'],
      ['a config', 'cat /etc/app.conf; stat -c "%u %g %a" /etc/app.conf', 'a $b %c\n0 0 640'],
      ['a config at its usual place', 'cat /plain', 'plain'],
    ],
  ],
  ['after', [['depends_on: service_healthy', 'cat /data/after', 'true']]],
])('of %s', (service, checks) => {
  test.each(checks)('%s holds', async (_, script, expected) => {
    const said = await inside(service, `{ ${script}; } || true`);
    if (typeof expected === 'string') expect(said).toBe(expected);
    else expect(said).toMatch(expected);
  });
});

describe('a health check', () => {
  const times = (seconds: Readonly<Record<string, number>>): Readonly<Record<string, number>> =>
    Object.fromEntries(Object.entries(seconds).map(([name, value]) => [name, value * 1e9]));

  test("is the image's own, with other times", async () => {
    const { Config } = await inspect('own-check');
    expect(Config.Healthcheck).toEqual({
      Test: ['CMD-SHELL', 'test -e /ok'],
      ...times({ Interval: 5, Timeout: 4, StartPeriod: 3 }),
      Retries: 7,
    });
    expect((await inspect('words')).Config.Healthcheck).toMatchObject({ ...times({ Interval: 77 }) });
  });

  test('needs no shell when it is a list, and is off when disabled or asked from outside', async () => {
    const tests = await Promise.all(
      ['after', 'slow', 'alone', 'probed'].map(
        async (name) => (await inspect(name)).Config.Healthcheck?.['Test'],
      ),
    );
    expect(tests).toEqual([
      ['CMD', '/bin/true'],
      ['CMD-SHELL', 'test -e /data/ready && ! test -e /run/sick'],
      ['NONE'],
      ['NONE'],
    ]);
  });

  test('that fails has the replica started anew', async () => {
    const before = await inspect('slow');
    await inside('slow', 'touch /run/sick');
    await eventually(signal, async () => {
      const [slow] = (await replicas('keys')).filter(({ service }) => service === 'slow');
      return slow?.report?.state === 'running' && (await inspect('slow').catch(() => before)).Id !== before.Id;
    });
    expect(await inside('slow', 'ls /run/sick 2>&1 || true')).toMatch(/No such file/);
  });

  test('from outside is waited for', async () => {
    expect((await replicas('keys')).find(({ service }) => service === 'probed')?.report?.state).toBe('running');
  });
});

test('a second deploy changes nothing', async () => {
  const ids = await onMachine('podman', 'ps', '--no-trunc', '--format', '{{.ID}}');
  await ballast('deploy', '-f', compose);
  expect(await onMachine('podman', 'ps', '--no-trunc', '--format', '{{.ID}}')).toBe(ids);
});

describe('a service that ends', () => {
  test('with restart: no runs once', async () => {
    const filler = (await replicas('keys')).find(({ service }) => service === 'filler');
    expect(filler?.report).toMatchObject({ state: 'completed', restarts: 0 });
  });

  test.each<[name: string, service: string, message: RegExp]>([
    [
      'restart-no',
      'entrypoint: [/bin/sh, -c, "echo sorry; exit 3"], restart: "no"',
      /exited with code 3[^]*sorry/,
    ],
    [
      'on-failure',
      'entrypoint: [/bin/sh, -c, "echo again; exit 3"], restart: "on-failure:2"',
      /code 3[^]*(again[^]*){3}/,
    ],
    [
      'no-source',
      'volumes: [{ type: bind, source: /none/there, target: /x, bind: { create_host_path: false } }]',
      /\/none\/there does not exist on this machine/,
    ],
    ['no-device', 'devices: [/dev/none]', /\/dev\/none/],
    [
      'no-subpath',
      'volumes: [{ type: volume, source: v, target: /x, volume: { subpath: gone } }]',
      /no such file/,
    ],
  ])('with %s is a failure that says why', async (name, service, message) => {
    const file = join(home, `${name}.yaml`);
    const text = `name: ${name}\nservices: { web: { build: ${join(compose, '..')}, ${service} } }\nvolumes: { v: {} }\n`;
    await writeFile(file, text);
    const { code, stderr } = await fleet.ballast(['deploy', '-f', file], { signal });
    expect(stderr).toMatch(message);
    expect(code).toBe(3);
    await ballast('rm', name, '--yes');
    expect(await replicas(name)).toEqual([]);
  });
});
