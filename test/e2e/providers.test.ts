import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BallastError } from '#base/errors.ts';
import { run } from '#host/exec.ts';
import type { IncusOptions } from '#provider/incus/fleet.ts';
import { createIncusProvider, type IncusProvider } from '#provider/incus/incus.ts';
import type { InstanceSetting } from '#provider/incus/instance.ts';
import { createLocalProvider, type LocalProvider } from '#provider/local/local.ts';
import type { Provider, SeedFile } from '#provider/port.ts';
import { ensureVariant } from '#scripts/fleet/variant.ts';
import { makeAuthority, openAuthority } from '#server/pki/authority.ts';
import { certificateRequest } from '#server/testing/certificate-request.ts';
import { providerContract } from './provider-contract.ts';
import { inside, patient, quiet, testFleet } from './provider-lab.ts';
import { eventually } from './support/ask.ts';
import { type FaultyProxy, startFaultyProxy } from './support/faulty-proxy.ts';
import {
  cloudPackages,
  type IncusHost,
  importSystem,
  incusPackages,
  startIncus,
} from './support/incus-host.ts';
import { type JoiningFleet, startJoiningFleet } from './support/joining-fleet.ts';

// Incus runs on a local machine; its instances are on a bridge there. Another one plays a cloud's machine.
const { options } = testFleet('prov', '10.81.0.0/25');
const port = 7717;
let local: LocalProvider;
let host: IncusHost;
let provider: IncusProvider;
let setting: Omit<IncusOptions, 'settingOf'> & { readonly settingOf: () => InstanceSetting };

beforeAll(async () => {
  local = createLocalProvider({ ...options, cacheDir: await ensureVariant('incus', incusPackages) });
  await local.downAll(patient);
  host = await startIncus(local, { machine: 'incus', address: '10.81.0.1', bridge: '10.81.0.129/25' });
  setting = {
    ...{ fleet: 'prov', access: host.access, project: 'default', addresses: '10.81.0.128/25' },
    settingOf: () => ({ type: 'container', image: 'tiny', network: 'blbr0', profiles: ['default'] }),
  };
  provider = createIncusProvider(setting);
});

afterAll(async () => {
  provider?.close();
  await local?.downAll(patient);
});

/** The provider, which is there once the tests begin. */
const later: Provider = {
  kind: 'incus',
  create: (...given) => provider.create(...given),
  list: (...given) => provider.list(...given),
  destroy: (...given) => provider.destroy(...given),
  power: {
    off: (...given) => provider.power.off(...given),
    cut: (...given) => provider.power.cut(...given),
    on: (...given) => provider.power.on(...given),
    restore: (...given) => provider.power.restore(...given),
    reboot: (...given) => provider.power.reboot(...given),
    partition: (...given) => provider.power.partition(...given),
    heal: (...given) => provider.power.heal(...given),
  },
};

const order = (number: number) => ({
  name: `i${number}`,
  address: `10.81.0.${140 + number}`,
  size: { cpus: 0.5, memoryBytes: 64 << 20 },
  seed: [{ path: '/etc/made/seeded', mode: 0o640, content: `machine ${number}\n` }],
});

providerContract('incus', {
  provider: later,
  order,
  bootId: (name) => host.exec(name, 'cut', '-d', ' ', '-f', '22', '/proc/1/stat'),
  async cleanUp() {
    await Promise.all((await provider.list(patient)).map(({ name }) => provider.destroy(name, patient)));
  },
});

describe('an instance of Incus', () => {
  test('has its address, its size and its files, and new ones when it is ordered with new ones', async () => {
    await provider.create(order(1), quiet, patient);
    const config = JSON.parse(await host.shell('incus', 'query', '/1.0/instances/i1')).config as Record<
      string,
      string
    >;
    expect(config).toMatchObject({
      'limits.memory': `${64 << 20}B`,
      'limits.cpu.allowance': '50ms/100ms',
      'user.ballast.fleet': 'prov',
      'user.ballast.address': '10.81.0.141',
    });
    expect(await host.exec('i1', 'sh', '-c', 'stat -c %a /etc/made/seeded; cat /etc/made/seeded')).toBe(
      '640\nmachine 1',
    );
    const seed: readonly SeedFile[] = [
      { path: '/etc/made/seeded', mode: 0o600, content: 'anew' },
      { path: '/etc/made/deeper/link', mode: 0o777, linkTo: '/etc/made/seeded' },
    ];
    await provider.create({ ...order(1), seed, size: { cpus: 1 } }, quiet, patient);
    expect(await host.exec('i1', 'sh', '-c', 'stat -c %a /etc/made/seeded; cat /etc/made/deeper/link')).toBe(
      '600\nanew',
    );
  });

  test('of somebody else that has the name is left alone, by making and by destroying', async () => {
    await host.shell('incus', 'init', '--quiet', 'tiny', 'foreign', '-d', 'root,size=1GiB').catch(() => '');
    await host.shell('sh', '-c', 'incus info foreign >/dev/null 2>&1 || incus init --quiet tiny foreign');
    const foreign = { ...order(5), name: 'foreign' };
    await expect(provider.create(foreign, quiet, patient)).rejects.toMatchObject({ code: 'conflict' });
    await provider.destroy('foreign', patient);
    expect((await provider.list(patient)).map(({ name }) => name)).not.toContain('foreign');
    expect(await host.shell('incus', 'list', '--format=csv', '--columns=ns', 'foreign')).toBe(
      'foreign,STOPPED',
    );
  });

  test('whose making was cut off after any request is finished by making it again', async () => {
    for (const ms of [40, 90, 160, 260]) {
      await provider.destroy('i6', patient);
      const stop = AbortSignal.timeout(ms);
      await provider.create(order(6), quiet, stop).catch(() => {});
      await provider.create(order(6), quiet, patient);
      expect(await host.exec('i6', 'cat', '/etc/made/seeded')).toBe('machine 6');
    }
    await provider.destroy('i6', patient);
  });
});

describe('when Incus fails, half succeeds or answers late', () => {
  let proxy: FaultyProxy;
  let shaken: IncusProvider;
  const names = async () => (await host.shell('incus', 'list', '--format=csv', '--columns=n')).split('\n');

  beforeAll(async () => {
    proxy = await startFaultyProxy(host.access);
    shaken = createIncusProvider({ ...setting, access: proxy.access });
  });
  afterAll(async () => {
    shaken?.close();
    await proxy?.close();
  });

  test('in any one request, what was asked for fails with a reason or is done, and is done when asked for again', async () => {
    const spoilt = [
      [2, 'unanswered'],
      [4, 'lost'],
      [5, 'unanswered'],
      [6, 'failed'],
      [8, 'unanswered'],
      [11, 'failed'],
    ] as const;
    for (const [bad, fate] of spoilt) {
      const spoil = () => proxy.decide((number) => (number === bad ? fate : 'pass'));
      const again = (body: () => Promise<unknown>) => (cause: unknown) => {
        expect(cause).toBeInstanceOf(BallastError);
        proxy.decide(() => 'pass');
        return body();
      };
      const create = () => shaken.create(order(7), quiet, patient);
      const destroy = () => shaken.destroy('i7', patient);
      spoil();
      await create().catch(again(create));
      expect(await names()).toContain('i7');
      expect(await host.exec('i7', 'cat', '/etc/made/seeded')).toBe('machine 7');
      spoil();
      await destroy().catch(again(destroy));
      expect(await names()).not.toContain('i7');
    }
  });

  test('an image that is not there, a certificate that is not trusted and one that is another are told as such', async () => {
    const unknown = createIncusProvider({
      ...setting,
      settingOf: () => ({ ...setting.settingOf(), image: 'nowhere' }),
    });
    await expect(unknown.create(order(8), quiet, patient)).rejects.toMatchObject({ code: 'image-not-found' });
    const authority = await openAuthority(await makeAuthority('stranger', Date.now()), Date.now);
    const stranger = { ...host.access, ...(await authority.forUser('stranger', 'x')) };
    const untrusted = createIncusProvider({ ...setting, access: stranger });
    await expect(untrusted.list(patient)).rejects.toMatchObject({ code: 'forbidden' });
    const elsewhere = createIncusProvider({
      ...setting,
      access: { ...host.access, fingerprint: '0'.repeat(64) },
    });
    await expect(elsewhere.list(patient)).rejects.toMatchObject({ code: 'unauthenticated' });
    for (const each of [unknown, untrusted, elsewhere]) each.close();
    expect(await host.shell('incus', 'list', '--format=csv', '--columns=n', 'i8')).toBe('');
  });
});

describe('a fleet whose machines join by themselves', () => {
  const gateway = '10.81.0.126';
  let fleet: JoiningFleet;
  let document: string;
  const file = (more: string) => `fleet: join
machines:
  web: { provider: user-data, count: 2, labels: { zone: b } }
${more}`;

  beforeAll(async () => {
    fleet = await startJoiningFleet([`127.0.0.1:${port}`, `${gateway}:${port}`], patient);
  });
  afterAll(() => fleet?.close());

  test('gives out a cloud-init document with nothing secret but a token', async () => {
    await fleet.deploy(file(''));
    document = await fleet.ballast(['machine', 'user-data', '--pool', 'web']);
    expect(document).toMatch(/^#cloud-config\n/);
    expect(document).toContain(`https://${gateway}:${port}`);
    expect(document).not.toContain('PRIVATE KEY');
  });

  test('is joined by a machine that knows that document and nothing else', async () => {
    const cloud = createLocalProvider({ ...options, cacheDir: await ensureVariant('cloud', cloudPackages) });
    const seeds = '/var/lib/cloud/seed/nocloud';
    await cloud.create(
      {
        name: 'cloud-7',
        address: '10.81.0.7',
        size: {},
        seed: [
          { path: `${seeds}/user-data`, mode: 0o600, content: document },
          { path: `${seeds}/meta-data`, mode: 0o644, content: 'instance-id: cloud-7\n' },
          {
            path: '/etc/cloud/cloud.cfg.d/90-test.cfg',
            mode: 0o644,
            content: 'datasource_list: [NoCloud]\nnetwork: { config: disabled }\n',
          },
        ],
      },
      quiet,
      patient,
    );
    const machine = await fleet.upToDate('web-1').catch(async (cause: unknown) => {
      const shown = await inside(
        cloud,
        'cloud-7',
        'journalctl',
        '-u',
        'cloud*',
        '-u',
        'ballast*',
        '-n',
        '60',
        '--no-pager',
      );
      throw new Error(shown, { cause });
    });
    expect(machine).toMatchObject({ address: '10.81.0.7', provider: 'user-data', labels: { zone: 'b' } });
    // What brought it in is gone, and the token with it.
    const left = ['sh', '-c', 'ls /etc/ballast /usr/local/sbin; cat /etc/ballast/agent.json'];
    await eventually(patient, async () => !(await inside(cloud, 'cloud-7', ...left)).includes('join'));
    expect(await inside(cloud, 'cloud-7', ...left)).not.toContain('token');
  });

  test('lets nobody else in with it, and tells of who tries', async () => {
    const token = /Bearer ([\w-]+)/.exec(document)?.[1] ?? '';
    const { csr } = await certificateRequest('thief');
    await expect(fleet.client.call('enrol', { token, csr, address: '10.81.0.66' })).rejects.toMatchObject({
      code: 'unauthenticated',
    });
    await expect(fleet.client.call('enrol', { token: 'x'.repeat(43), csr })).rejects.toMatchObject({
      code: 'unauthenticated',
    });
    await eventually(patient, async () => fleet.events('enrolment-refused').length === 2);
    expect(fleet.events('enrolment-refused')[0]?.what).toContain('it was used already, with another key');
    expect(await fleet.machine('web-2')).toBeUndefined();
  });

  test('gives its executable to nobody without a token', async () => {
    const { digest } = await fleet.client.call('makeUserData', { pool: 'web' });
    const url = `https://127.0.0.1:${port}/v1/executables/${digest}`;
    const answer = await run(['curl', '-sk', '-o', '/dev/null', '-w', '%{http_code}', url]);
    expect(answer).toBe('401');
  });

  test('has a machine made on Incus, with a certificate kept as a secret, and destroys it with all that is on it', async () => {
    // The other machine is on another network, and machines of a fleet have to be neighbours.
    await fleet.client.call('removeMachine', { machine: 'web-1', force: true });
    await importSystem(local, 'incus', 'system');
    const { certificate, key, fingerprint } = host.access;
    await fleet.ballast(['secret', 'set', 'incus-lab'], { input: `${certificate}\n${key}` });
    const incus = `
  box: { provider: incus, count: 1, size: { cpus: 1, memory: 1G }, incus: { image: system, network: blbr0 } }
incus:
  lab: { url: "https://10.81.0.1:8443", fingerprint: "${fingerprint}", secret: incus-lab, addresses: 10.81.0.128/25 }
`;
    await fleet.deploy(file(incus), '--detach');
    const machine = await fleet.upToDate('box-1').catch(async (cause: unknown) => {
      const shown = await host.exec('box-1', 'journalctl', '-n', '60', '--no-pager').catch(String);
      throw new Error(shown, { cause });
    });
    expect(machine).toMatchObject({ provider: 'incus', address: '10.81.0.130' });
    const { stdout } = await fleet.tried(['doctor']);
    expect(stdout).toContain('the Incus server lab');
    expect(stdout).toContain('has the image system');
    await fleet.ballast(['machine', 'rm', 'box-1', '--yes', '--force', 'box-1']);
    await eventually(patient, async () => fleet.events('machine-destroyed').length === 1);
    expect(await host.shell('incus', 'list', '--format=csv', '--columns=n', 'box-1')).toBe('');
  });
});
