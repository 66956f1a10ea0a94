import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { run } from '#host/exec.ts';
import { ensureBaseImages } from '#scripts/base-images/ensure.ts';
import { type LocalFleet, localFleet } from '#scripts/fleet/fleet.ts';
import { cache, data, executable } from '#scripts/fleet/places.ts';
import type { ReplicaView } from '#wire/views.ts';
import { checks } from './keys/checks.ts';
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

describe.each(checks)('of %s', (service, holds) => {
  test.each(holds)('%s holds', async (_, script, expected) => {
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
      return (
        slow?.report?.state === 'running' && (await inspect('slow').catch(() => before)).Id !== before.Id
      );
    });
    expect(await inside('slow', 'ls /run/sick 2>&1 || true')).toMatch(/No such file/);
  });

  test('from outside is waited for', async () => {
    expect((await replicas('keys')).find(({ service }) => service === 'probed')?.report?.state).toBe(
      'running',
    );
  });
});

test('a second deploy changes nothing', async () => {
  const ids = await onMachine('podman', 'ps', '--no-trunc', '--format', '{{.ID}}');
  await ballast('deploy', '-f', compose);
  expect(await onMachine('podman', 'ps', '--no-trunc', '--format', '{{.ID}}')).toBe(ids);
});

/** A script that says how a request to a URL ends: its status, or the error. */
const asked = (url: string): string =>
  `python3 -c "import urllib.request as u
try: print(u.urlopen('${url}', timeout=5).status)
except Exception as e: print(e)"`;

describe('networks', () => {
  test('ipv4_address leads to the service from whoever is on a network with it, and from nobody else', async () => {
    expect(await inside('words', asked('http://10.97.0.10:8081/healthz'))).toBe('200');
    expect(await inside('entry', asked('http://10.97.0.10:8081/healthz'))).toMatch(/refused/);
    expect(await inside('words', asked('http://10.97.0.11:8081/'))).toMatch(/refused/);
  });

  test('a service with the network of the machine is found at the machine', async () => {
    expect(await inside('words', 'getent hosts namespaces | cut -d" " -f1')).toBe('10.93.0.1');
  });

  const networkOf = async (service: string): Promise<string> =>
    await inside(service, 'readlink /proc/1/ns/net');
  const answers = () => inside('companion', asked('http://127.0.0.1:8081/healthz'));

  test('service:probed shares the network of the other one, and its name', async () => {
    expect(await networkOf('companion')).toBe(await networkOf('probed'));
    expect(await answers()).toBe('200');
    expect(await inside('companion', 'hostname')).toBe(await inside('probed', 'hostname'));
  });

  test('both come back together when the first one ends, with the agent away', async () => {
    const before = await networkOf('probed');
    await onMachine('systemctl', 'stop', 'ballast-agent');
    await onMachine('podman', 'kill', '--signal', 'KILL', 'keys-probed-1-r1');
    await eventually(signal, async () => {
      const units = ['keys-probed-1-r1', 'keys-companion-1-r1'];
      const { length } =
        (await onMachine('systemctl', 'show', '--property', 'ActiveState', ...units)).match(/=active$/gm) ??
        [];
      return (
        length === 2 && (await onMachine('podman', 'ps', '--format', '{{.Names}}')).includes('companion')
      );
    });
    await onMachine('systemctl', 'start', 'ballast-agent');
    await eventually(signal, async () =>
      (await replicas('keys')).every(({ report }) => ['running', 'completed'].includes(report?.state ?? '')),
    );
    expect(await networkOf('probed')).not.toBe(before);
    expect(await networkOf('companion')).toBe(await networkOf('probed'));
    expect(await answers()).toBe('200');
  });

  test('a new one of the first makes the other one anew, beside it', async () => {
    await ballast('restart', '-a', 'keys', 'probed');
    const ids = (await replicas('keys')).map(({ id }) => id);
    expect(ids).toEqual(expect.arrayContaining(['keys-probed-1-r2', 'keys-companion-1-r2']));
    expect(ids).not.toContain('keys-companion-1-r1');
    expect(await networkOf('companion')).toBe(await networkOf('probed'));
    expect(await answers()).toBe('200');
  });

  test('the other one alone is made anew where it stands', async () => {
    await ballast('restart', '-a', 'keys', 'companion');
    const ids = (await replicas('keys')).map(({ id }) => id);
    expect(ids).toEqual(expect.arrayContaining(['keys-probed-1-r2', 'keys-companion-1-r3']));
    expect(await networkOf('companion')).toBe(await networkOf('probed'));
  });
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
