import { spawn } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { exec } from '#host/exec.ts';
import { guardLink } from '#host/link.ts';
import { cgroupOf } from '#provider/local/cgroup.ts';
import { createLocalProvider } from '#provider/local/local.ts';
import type { MachineOrder } from '#provider/port.ts';
import { providerContract } from './provider-contract.ts';
import { inside, patient, quiet, supervisorPid, testFleet, tracesOf } from './provider-lab.ts';

const { provider, options } = testFleet('t1', '10.96.0.0/24');
const { power } = provider;

const order = (number: number): MachineOrder => ({
  name: `m${number}`,
  address: `10.96.0.${number}`,
  size: { cpus: 0.5, memoryBytes: 256 << 20 },
  seed: [{ path: '/etc/seeded', mode: 0o640, content: `machine ${number}\n` }],
});
const create = (...numbers: number[]) =>
  Promise.all(numbers.map((n) => provider.create(order(n), quiet, patient)));
const state = async (name: string) =>
  (await provider.list(patient)).find((machine) => machine.name === name)?.state;

afterAll(() => provider.downAll(patient));

providerContract('local', {
  provider,
  order,
  bootId: (name) => inside(provider, name, 'cat', '/proc/sys/kernel/random/boot_id'),
  cleanUp: () => provider.downAll(patient),
});

describe('a local machine', () => {
  beforeAll(async () => {
    await create(1, 2);
  });

  test('is a whole Debian whose units all run', async () => {
    expect(await inside(provider, 'm1', 'systemctl', 'is-system-running', '--wait')).toBe('running');
    expect(await inside(provider, 'm1', 'sh', '-c', '. /etc/os-release; echo $ID $VERSION_ID')).toBe(
      'debian 13',
    );
    expect(
      await inside(provider, 'm1', 'systemctl', 'is-active', 'ssh', 'systemd-networkd', 'systemd-resolved'),
    ).toBe('active\nactive\nactive');
  });

  test('has an identity of its own', async () => {
    for (const command of [
      ['cat', '/etc/machine-id'],
      ['cat', '/etc/ssh/ssh_host_ed25519_key.pub'],
      ['hostname'],
    ]) {
      const [one, two] = await Promise.all(['m1', 'm2'].map((name) => inside(provider, name, ...command)));
      expect(one).not.toBe(two);
    }
    expect(await inside(provider, 'm2', 'hostname')).toBe('m2');
  });

  test('has the files it was ordered with, and new ones when it is ordered with new ones', async () => {
    expect(await inside(provider, 'm1', 'sh', '-c', 'stat -c "%a %U" /etc/seeded; cat /etc/seeded')).toBe(
      '640 root\nmachine 1',
    );
    const seed = [{ path: '/etc/seeded', mode: 0o600, content: 'anew' }];
    await provider.create({ ...order(1), seed }, quiet, patient);
    expect(await inside(provider, 'm1', 'sh', '-c', 'stat -c %a /etc/seeded; cat /etc/seeded')).toBe(
      '600\nanew',
    );
  });

  test('runs containers that it can limit', async () => {
    const script = `set -e
      mkdir -p /tmp/root/bin && cp /bin/busybox /tmp/root/bin/sh
      tar -C /tmp/root -c . | podman import --quiet - box >/dev/null
      podman run --rm --network=none --memory=32m box /bin/sh -c 'echo $((6 * 7))'`;
    expect(await inside(provider, 'm1', 'sh', '-c', script)).toBe('42');
  });

  test('is held to its size by its cgroups, knows it, and is resized while it runs', async () => {
    const limits = () =>
      inside(
        provider,
        'm1',
        'sh',
        '-c',
        'cd /sys/fs/cgroup; cat memory.max cpu.max 2>/dev/null || cat memory/memory.limit_in_bytes cpu/cpu.cfs_quota_us',
      );
    const boot = await inside(provider, 'm1', 'cat', '/proc/sys/kernel/random/boot_id');
    expect((await limits()).split(/\s+/).slice(0, 2)).toEqual([String(256 << 20), '50000']);
    expect(JSON.parse(await inside(provider, 'm1', 'cat', '/etc/ballast/size.json'))).toEqual(order(1).size);
    const size = { cpus: 1, memoryBytes: 300 << 20 };
    await provider.create({ ...order(1), size }, quiet, patient);
    expect((await limits()).split(/\s+/).slice(0, 2)).toEqual([String(300 << 20), '100000']);
    expect(JSON.parse(await inside(provider, 'm1', 'cat', '/etc/ballast/size.json'))).toEqual(size);
    expect(await inside(provider, 'm1', 'cat', '/proc/sys/kernel/random/boot_id')).toBe(boot);
  });

  test('cannot have more memory than its size', async () => {
    const greedy = await exec([...(await provider.inside('m2', patient)), 'tail', '/dev/zero'], {
      timeoutMs: 60_000,
    });
    expect(greedy.code).toBe(137);
    expect(await state('m2')).toBe('running');
  });

  test('speaks with the others and this computer, unless it is partitioned, over a reboot too, until it is healed', async () => {
    const reaches = async (from: string, to: string) =>
      (await exec([...(await provider.inside(from, patient)), 'ping', '-c1', '-W1', to])).code === 0;
    const seen = () =>
      Promise.all([
        reaches('m1', '10.96.0.2'),
        reaches('m2', '10.96.0.1'),
        reaches('m1', provider.network.gateway),
      ]);
    expect(await seen()).toEqual([true, true, true]);
    await power.partition('m1', patient);
    await power.partition('m1', patient);
    expect(await seen()).toEqual([false, false, false]);
    expect(await reaches('m2', provider.network.gateway)).toBe(true);
    await power.reboot('m1', patient);
    expect(await seen()).toEqual([false, false, false]);
    await power.heal('m1', patient);
    await power.heal('m1', patient);
    expect(await seen()).toEqual([true, true, true]);
  });

  test('keeps its disk when its power is cut', async () => {
    await inside(provider, 'm1', 'sh', '-c', 'echo kept >/root/note');
    await power.cut('m1', patient);
    await power.on('m1', patient);
    expect(await inside(provider, 'm1', 'cat', '/root/note')).toBe('kept');
  });

  test('reboots and powers off by its own command', async () => {
    const boot = await inside(provider, 'm2', 'cat', '/proc/sys/kernel/random/boot_id');
    // The command may lose its connection to what it asks to end; it must not be refused.
    const asked = await exec([...(await provider.inside('m2', patient)), 'systemctl', 'reboot']);
    expect(asked.stderr).not.toMatch(/Failed|refused|denied/);
    await expect
      .poll(() => inside(provider, 'm2', 'cat', '/proc/sys/kernel/random/boot_id').catch(() => boot), {
        timeout: 60_000,
      })
      .not.toBe(boot);
    const off = await exec([...(await provider.inside('m2', patient)), 'systemctl', 'poweroff']);
    expect(off.stderr).not.toMatch(/Failed|refused|denied/);
    await expect.poll(() => state('m2'), { timeout: 60_000 }).toBe('stopped');
  });

  test('does not lead anywhere but to this computer', async () => {
    expect(await inside(provider, 'm1', 'ip', 'route', 'show', 'default')).toBe('');
    expect(readFileSync(`/proc/sys/net/ipv4/conf/${provider.network.link}/forwarding`, 'utf8').trim()).toBe(
      '0',
    );
  });
});

describe('after a crash', () => {
  test.each([30, 120, 250, 400, 600, 900])(
    'of a creator killed after %i ms, creating finishes the machine',
    async (ms) => {
      await provider.destroy('m5', patient);
      const script = `
      import { testFleet } from ${JSON.stringify(`${import.meta.dirname}/provider-lab.ts`)};
      const { provider } = testFleet('t1', '10.96.0.0/24');
      await provider.create(${JSON.stringify(order(5))}, () => {}, new AbortController().signal);`;
      const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', script], {
        stdio: 'ignore',
      });
      const ended = new Promise((resolve) => child.once('exit', resolve));
      setTimeout(() => child.kill('SIGKILL'), ms + 150);
      await ended;
      await create(5);
      expect(await state('m5')).toBe('running');
      expect(await inside(provider, 'm5', 'cat', '/etc/seeded')).toBe('machine 5');
    },
  );

  test('of its supervisor a machine has lost its power, and comes back when it is made again', async () => {
    await create(5);
    process.kill(supervisorPid(options, 'm5'), 'SIGKILL');
    await expect.poll(() => state('m5'), { timeout: 5_000 }).toBe('stopped');
    await create(5);
    expect(await inside(provider, 'm5', 'cat', '/etc/seeded')).toBe('machine 5');
  });

  test('of its supervisor a machine is restored, once', async () => {
    await create(5);
    const before = await inside(provider, 'm5', 'cat', '/proc/sys/kernel/random/boot_id');
    process.kill(supervisorPid(options, 'm5'), 'SIGKILL');
    await expect.poll(() => state('m5'), { timeout: 5_000 }).toBe('stopped');
    const restored = await Promise.all([1, 2].map(() => power.restore('m5', patient)));
    expect(restored.filter((each) => each)).toHaveLength(1);
    expect(await inside(provider, 'm5', 'cat', '/proc/sys/kernel/random/boot_id')).not.toBe(before);
  });

  test('of its supervisor a machine that is put off while it is restored ends off', async () => {
    await create(5);
    process.kill(supervisorPid(options, 'm5'), 'SIGKILL');
    await expect.poll(() => state('m5'), { timeout: 5_000 }).toBe('stopped');
    const restored = power.restore('m5', patient);
    await power.cut('m5', patient);
    expect(await restored).toBe(false);
    expect(await state('m5')).toBe('stopped');
  });

  test('of nspawn itself a machine is off and can be destroyed', async () => {
    await create(5);
    const nspawn = Number(
      readFileSync(
        `/proc/${supervisorPid(options, 'm5')}/task/${supervisorPid(options, 'm5')}/children`,
        'utf8',
      ).trim(),
    );
    process.kill(nspawn, 'SIGKILL');
    await expect.poll(() => cgroupOf('t1', 'm5').populated(), { timeout: 5_000 }).toBe(false);
    await provider.destroy('m5', patient);
    expect(await state('m5')).toBeUndefined();
  });

  test('of all supervisors nothing is left once everything is taken down', async () => {
    await create(1, 2);
    for (const name of ['m1', 'm2']) process.kill(supervisorPid(options, name), 'SIGKILL');
    writeFileSync(`${options.stateDir}/machines/m2/machine.json`, '');
    expect((await tracesOf(options)).length).toBeGreaterThan(0);
    await provider.downAll(patient);
    expect(await tracesOf(options)).toEqual([]);
    await provider.downAll(patient);
  });
});

describe('the name of a fleet', () => {
  test('belongs to one set of files, until it is taken down', async () => {
    await create(1);
    const other = createLocalProvider({ ...options, stateDir: `${options.stateDir}-other` });
    const conflict = { code: 'conflict', detail: { why: expect.stringContaining(options.stateDir) } };
    await expect(other.create(order(2), quiet, patient)).rejects.toMatchObject(conflict);
    await expect(other.downAll(patient)).rejects.toMatchObject(conflict);
    expect(await state('m1')).toBe('running');
    await provider.downAll(patient);
    await other.network.up(patient);
    await expect(create(1)).rejects.toMatchObject({ code: 'conflict' });
    await other.downAll(patient);
    expect(await tracesOf(options)).toEqual([]);
  });
});

describe('traffic to local machines', () => {
  test('is let through only while it leaves by their link', async () => {
    await provider.network.up(patient);
    await guardLink('10.96.0.1', provider.network.link);
    await guardLink('10.96.0.1');
    await guardLink('127.0.0.1');
    await guardLink(provider.network.gateway, provider.network.link);
    await exec(['ip', 'link', 'set', provider.network.link, 'down']);
    await expect(guardLink('10.96.0.1', provider.network.link)).rejects.toMatchObject({
      code: 'unreachable',
    });
    await provider.network.up(patient);
    await guardLink('10.96.0.1', provider.network.link);
    await provider.network.down(patient);
    await expect(guardLink('10.96.0.1', provider.network.link)).rejects.toMatchObject({
      code: 'unreachable',
    });
    expect(existsSync('/run/netns/bl-t1')).toBe(false);
  });

  test('may not take addresses that this computer uses otherwise', async () => {
    await provider.network.up(patient);
    const other = testFleet('t3', '10.96.0.0/25').provider;
    await expect(other.network.up(patient)).rejects.toMatchObject({ code: 'conflict' });
    await provider.network.down(patient);
  });
});
