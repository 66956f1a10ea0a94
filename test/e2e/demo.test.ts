import { spawn } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Executed, exec } from '#host/exec.ts';
import type { LocalOptions } from '#provider/local/fleet.ts';
import { createLocalProvider, type LocalProvider } from '#provider/local/local.ts';
import { cache, executable, projectRoot } from '#scripts/fleet/places.ts';
import type { FleetEvent, FleetStatus } from '#wire/views.ts';
import { patient, supervisorPid, tracesOf } from './provider-lab.ts';
import { ask, eventually } from './support/ask.ts';

const name = 'try';
const network = '10.98.9.0/24';
const limit = AbortSignal.timeout(10 * 60_000);
let home: string;
let env: Record<string, string>;
let options: LocalOptions;
let provider: LocalProvider;

const script = ['sh', join(projectRoot, 'scripts', 'bootstrap.sh')];
const demo = (what = 'demo'): Promise<Executed> =>
  exec([...script, what], { env, signal: limit, timeoutMs: 300_000 });

async function ballast(...words: string[]): Promise<string> {
  const { code, stdout, stderr } = await exec([executable, ...words], { env, signal: limit });
  expect(code, stderr).toBe(0);
  return stdout;
}

const status = async (): Promise<FleetStatus> => JSON.parse(await ballast('status', '--json')) as FleetStatus;
const events = async (): Promise<readonly string[]> =>
  (await ballast('events', '--json'))
    .trimEnd()
    .split('\n')
    .map((line) => (JSON.parse(line) as FleetEvent).what);
const stateOf = async (machine: string): Promise<string | undefined> =>
  (await provider.list(patient)).find((each) => each.name === machine)?.state;

/** Starts the demo and answers once it has printed `line`; `ended` settles with its exit code and all it said. */
async function demoUntil(line: string) {
  const child = spawn(script[0] ?? '', [...script.slice(1), 'demo'], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  const ended = new Promise<{ code: number | null; said: string }>((resolve) => {
    child.on('close', (code) => resolve({ code, said }));
  });
  await new Promise<void>((resolve) => {
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said += text;
      if (said.includes(line)) resolve();
    });
    void ended.then(() => resolve());
  });
  return { child, ended };
}

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'ballast-demo-'));
  env = {
    ...{ BALLAST_DEMO_NAME: name, BALLAST_DEMO_NETWORK: network, BALLAST_DEMO_PORT: '7709' },
    ...{ XDG_DATA_HOME: home, BALLAST_CONFIG: join(home, 'config.yaml'), BALLAST_CONTEXT: '' },
  };
  const stateDir = join(home, 'ballast', name, 'server', 'machines');
  options = { fleet: name, stateDir, cacheDir: cache, network, self: [executable] };
  provider = createLocalProvider(options);
});

afterAll(async () => {
  await demo('demo-down');
  await provider.downAll(patient);
  await rm(home, { recursive: true, force: true });
});

describe('npm run demo', () => {
  it('is set up by one command at a time, and says what an interruption leaves', async () => {
    const first = await demoUntil('✓ Server');
    const second = await demo();
    expect(second.code).toBe(5);
    expect(second.stderr).toMatch(/^error: the demo is busy.*\n {2}why: .*npm run demo, process \d+, since /);
    first.child.kill('SIGINT');
    const { code, said } = await first.ended;
    expect(code, said).toBe(130);
    expect(said).toMatch(/\ninterrupted: left running: the server \(process \d+\)/);
    expect(said).toContain('npm run demo:down');
    expect(said).not.toMatch(/\n {4}at /);
  });

  it('goes on where it was, to an app that answers', async () => {
    const { code, stdout, stderr } = await demo();
    expect(code, stderr).toBe(0);
    expect(stdout).toContain('The guestbook answers at http://10.98.9.1:8080/');
    expect((await ask({ host: '10.98.9.3', port: 8080, path: '/' })).status).toBe(200);
  });

  it('leaves fleet and app as they are when it runs again, with what was changed since', async () => {
    await ballast('scale', 'web=4');
    const fleetFile = join(home, 'ballast', name, 'more.yaml');
    const pools = 'app: { provider: local, count: 3 }\n  more: { provider: local }';
    await writeFile(fleetFile, `fleet: ${name}\nmachines:\n  ${pools}\nnetwork: { machines: ${network} }\n`);
    await ballast('deploy', '-f', fleetFile);
    const { code, stderr } = await demo();
    expect(code, stderr).toBe(0);
    expect(stderr).toContain('release 2 is of the same files; left as it is');
    const [app] = (await status()).apps;
    expect(app?.services.find((service) => service.name === 'web')).toMatchObject({ wanted: 4, healthy: 4 });
    expect((await status()).machines.map((machine) => machine.name)).toContain('more');
  });
});

describe('a machine of a fleet with a server', () => {
  it('is powered on again when its supervisor is killed', async () => {
    process.kill(supervisorPid(options, 'app-2'), 'SIGKILL');
    await eventually(limit, async () => (await events()).includes('app-2 was off and was powered on'));
    await eventually(limit, async () => {
      const { machines, apps } = await status();
      const services = apps.flatMap((app) => app.services);
      return (
        machines.every((machine) => machine.state === 'ready') &&
        services.every(({ healthy, wanted }) => healthy >= wanted)
      );
    });
  });

  it('stays off when it was put off, while another that lost its power comes back', async () => {
    await provider.power.cut('app-3', patient);
    await eventually(limit, async () => (await stateOf('app-2')) === 'running');
    const killed = supervisorPid(options, 'app-2');
    process.kill(killed, 'SIGKILL');
    await eventually(
      limit,
      async () => (await stateOf('app-2')) === 'running' && supervisorPid(options, 'app-2') !== killed,
    );
    expect(await stateOf('app-3')).toBe('stopped');
    expect(await events()).not.toContain('app-3 was off and was powered on');
  });

  it('is put on by the demo', async () => {
    const { code, stderr } = await demo();
    expect(code, stderr).toBe(0);
    expect(stderr).toContain('✓ Power on app-3');
    expect((await status()).machines.every((machine) => machine.state === 'ready')).toBe(true);
  });
});

describe('npm run demo:down', () => {
  it('removes every trace, and says what is kept', async () => {
    const { code, stderr } = await demo('demo-down');
    expect(code, stderr).toBe(0);
    expect(stderr).toContain(`rm -rf ${cache}`);
    expect(await tracesOf(options)).toEqual([]);
    expect(existsSync(join(home, 'ballast'))).toBe(false);
    expect(readdirSync(home)).toEqual([]);
  });

  it('does nothing a second time', async () => {
    expect((await demo('demo-down')).code).toBe(0);
    expect(await tracesOf(options)).toEqual([]);
  });
});
