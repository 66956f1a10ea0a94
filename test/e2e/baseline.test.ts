import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Executed, run } from '#host/exec.ts';
import { type LocalFleet, localFleet } from '#scripts/fleet/fleet.ts';
import { cache, data, executable } from '#scripts/fleet/places.ts';
import type { FleetEvent, MachineView } from '#wire/views.ts';
import { authority, hostSection, makePackages, type Wishes } from './baseline/host.ts';
import { eventually } from './support/ask.ts';

// One machine with a baseline that has every kind of resource in it: made, held, mended, and undone line by line.

const signal = AbortSignal.timeout(10 * 60_000);
let fleet: LocalFleet;
let folder: string;
let file: string;
/** The machine before it had a baseline. */
let untouched: readonly string[];

const ballast = (...words: string[]): Promise<Executed> => fleet.ballast(words, { signal });

async function well(...words: string[]): Promise<string> {
  const { code, stdout, stderr } = await ballast(...words);
  expect(code, `ballast ${words.join(' ')}: ${stderr}`).toBe(0);
  return stdout + stderr;
}

/** Writes the fleet file with this baseline and deploys it. */
async function hold(wishes: Wishes = {}, ...more: string[]): Promise<string> {
  writeFleet(wishes);
  return await well('deploy', '-f', file, ...more);
}

function writeFleet(wishes: Wishes | null): void {
  const head = `fleet: base\nnetwork: { machines: 10.87.0.0/24, containers: 10.187.0.0/16 }\n`;
  const machines = 'machines:\n  app: { provider: local, count: 1, labels: { zone: a } }\n';
  writeFileSync(file, `${head}${machines}${wishes === null ? '' : hostSection(wishes)}`);
}

async function inside(script: string): Promise<string> {
  return (
    await run([...(await fleet.provider.inside('app-1', signal)), 'sh', '-c', script], { signal })
  ).trim();
}

const mended = (script: string, wanted: string, timeoutMs = 30_000): Promise<void> =>
  eventually(signal, async () => (await inside(`${script} 2>&1 || true`)) === wanted, timeoutMs);

/** What the baseline is about, as people would look at it. */
async function look(): Promise<readonly string[]> {
  const seen = await inside(`
    find /etc /srv /home /opt /usr/local /swapfile -xdev ! -path '/etc/ballast/*' ! -path /srv/cache -printf '%p %M %u:%g\\n' 2>/dev/null \
      | grep -vE '^/etc |/etc/(\\.pwd.lock|.*-$|subuid|subgid|passwd-|group-|ld.so.cache|gshadow)|/etc/ssl/certs' | sort
    cat /etc/motd /etc/passwd /etc/group; sort /etc/ssl/certs/ca-certificates.crt | cksum
    readlink /etc/localtime; cat /proc/sys/net/ipv4/tcp_keepalive_time; grep /srv/cache /proc/mounts || true
    dpkg-query -W -f '\${Package} \${db:Status-Abbrev}\\n' | grep -v rc; systemctl is-enabled fstrim.timer e2scrub_all.timer
    sshd -T | grep -E 'maxauthtries|authorizedkeysfile'`);
  return seen.split('\n');
}

async function events(): Promise<readonly FleetEvent[]> {
  const { stdout } = await ballast('events', '--json', '--tail', '200');
  return stdout
    .split('\n')
    .filter((text) => text !== '')
    .map((text) => JSON.parse(text) as FleetEvent);
}

const written = (): Promise<string> =>
  inside(`find /etc /srv /usr/local /var/lib/dpkg /home -xdev -newer /run/mark ! -type d | sort
    journalctl -q -u ballast-agent --since "$(cat /run/mark)" -o cat | grep -E '"(create|update|replace|restart|delete) ' || true`);

beforeAll(async () => {
  fleet = localFleet({
    ...{ name: 'base', home: join(data, 'base'), cache, executable, network: '10.87.0.0/24' },
    ...{ machines: 1, port: 7711, ownConfig: true },
  });
  await fleet.down();
  fleet = localFleet(fleet.options);
  folder = join(fleet.options.home, 'files');
  mkdirSync(folder, { recursive: true });
  file = join(fleet.options.home, 'fleet.yaml');
  writeFileSync(join(fleet.options.home, 'motd'), 'This is {{machine.name}} in {{labels.zone}}.\n');
  writeFileSync(join(fleet.options.home, 'ca.pem'), await authority());
  writeFleet(null);
  await fleet.provider.prepare(() => {}, signal);
  await fleet.startServer(signal);
  await well('deploy', '-f', file);
  await inside(makePackages);
  await inside('printf "of others\\n" > /etc/motd; chmod 0640 /etc/motd');
  untouched = await look();
}, 300_000);

afterAll(async () => {
  await fleet.down();
  rmSync(folder, { recursive: true, force: true });
}, 120_000);

describe('a baseline', { timeout: 120_000 }, () => {
  it('is refused as long as a secret is missing, with the line that names it', async () => {
    writeFleet({});
    const { code, stderr } = await ballast('deploy', '-f', file);
    expect(code).toBe(1);
    expect(stderr).toMatch(/fleet\.yaml:\d+:\d+.*there is no secret tls_key/);
    await fleet.ballast(['secret', 'set', 'tls_key'], { signal, input: 'first key' });
  });

  it('is planned first: what each machine would hold, and nothing is done', async () => {
    writeFleet({});
    const said = await well('plan', '-f', file, '-o', 'wide');
    for (const part of [
      'user ana',
      'package hello-ballast',
      'file /etc/motd',
      'timezone machine',
      'unit tick.timer',
    ]) {
      expect(said).toContain(part);
    }
    expect(await look()).toEqual(untouched);
  });

  it('is made, every kind of it', async () => {
    await hold();
    expect(await inside('cat /etc/motd; stat -c "%a %U:%G" /etc/motd')).toBe(
      'This is app-1 in a.\n644 root:root',
    );
    expect(await inside('id ana; getent passwd ana | cut -d: -f5-; getent shadow ana | cut -d: -f2')).toMatch(
      /^uid=1500\(ana\) gid=1500\(ana\) groups=1500\(ana\),4\(adm\),1600\(ops\)\nAna:\/home\/ana:\/bin\/bash\n\*$/,
    );
    expect(await inside('stat -c "%a %U:%G" /srv/data /etc/app.conf /etc/tls.key')).toBe(
      '750 ana:ops\n600 ana:root\n600 root:root',
    );
    expect(await inside('cat /etc/tls.key')).toBe('first key');
    expect(await inside('sudo -l -U ana | tail -1')).toBe(
      '(root) NOPASSWD: /usr/bin/systemctl restart tick.service',
    );
    expect(await inside('sshd -T -C user=ana,host=h,addr=1 | grep -E "maxauth|authorizedkeysfile"')).toBe(
      'maxauthtries 3\nauthorizedkeysfile /etc/ssh/authorized_keys.d/%u',
    );
    expect(await inside('cat /proc/sys/net/ipv4/tcp_keepalive_time /etc/sysctl.d/99-ballast.conf')).toBe(
      '1234\nnet.ipv4.tcp_keepalive_time = 1234',
    );
    expect(await inside('date +%Z')).toMatch(/^CES?T$/);
    expect(
      await inside('systemctl is-active app.service tick.timer; systemctl is-enabled fstrim.timer'),
    ).toBe('active\nactive\nenabled');
    expect(await inside('systemctl is-enabled e2scrub_all.timer || true')).toBe('masked');
    expect(await inside('grep -c "/srv/cache tmpfs" /proc/mounts')).toBe('1');
    expect(await inside('openssl verify /usr/local/share/ca-certificates/ballast-corp.crt')).toContain('OK');
    expect(
      await inside(
        'hello-ballast; apt-mark showhold; journalctl --header | grep -c . >/dev/null; cat /etc/systemd/journald.conf.d/50-ballast.conf',
      ),
    ).toBe('hello 1.0\nhello-ballast\n[Journal]\nSystemMaxUse=52428800');
  });

  it('is left alone when nothing changed: nothing is written, restarted or reloaded', async () => {
    await inside('date "+%F %T" > /run/mark; sleep 1');
    const before = await inside(
      'systemctl show -p InvocationID app.service tick.timer ssh.service systemd-journald.service',
    );
    await hold();
    await inside('systemctl restart ballast-agent');
    await eventually(signal, async () => (await ballast('status')).code === 0);
    await hold();
    expect(await written()).toBe('');
    expect(
      await inside(
        'systemctl show -p InvocationID app.service tick.timer ssh.service systemd-journald.service',
      ),
    ).toBe(before);
  });

  it('starts anew what reads a file that changed, and nothing else', async () => {
    const of = (unit: string): Promise<string> => inside(`systemctl show -p InvocationID ${unit}`);
    const [app, timer] = [await of('app.service'), await of('tick.timer')];
    await hold({ setting: 'b' });
    expect(await of('app.service')).not.toBe(app);
    expect(await of('tick.timer')).toBe(timer);
  });

  it('gives a file the newest version of its secret', async () => {
    await fleet.ballast(['secret', 'set', 'tls_key'], { signal, input: 'second key' });
    await mended('cat /etc/tls.key', 'second key');
  });
});

describe('a machine that was changed by hand', { timeout: 120_000 }, () => {
  it.each([
    ['a file', 'echo x >> /etc/motd', 'tail -1 /etc/motd', 'This is app-1 in a.'],
    ['a mode', 'chmod 777 /srv/data', 'stat -c %a /srv/data', '750'],
    ['a user made an administrator', 'usermod -aG sudo ana', 'id -nG ana', 'ana adm ops'],
    ['a user with a password', 'usermod -p x ana', 'getent shadow ana | cut -d: -f2 | cut -c1', '!'],
    ['a user that was removed', 'userdel ana', 'id -u ana', '1500'],
    ['a group that was removed', 'gpasswd -d ana ops; groupdel ops', 'id -nG ana', 'ana adm ops'],
    [
      'a key added',
      'echo key >> /etc/ssh/authorized_keys.d/ana',
      'grep -c . /etc/ssh/authorized_keys.d/ana',
      '1',
    ],
    [
      'a sudo rule',
      'echo "ana ALL=ALL" > /etc/sudoers.d/ballast-ana',
      'grep -c NOPASSWD /etc/sudoers.d/ballast-ana',
      '1',
    ],
    [
      'a kernel setting',
      'sysctl -q net.ipv4.tcp_keepalive_time=99',
      'cat /proc/sys/net/ipv4/tcp_keepalive_time',
      '1234',
    ],
    [
      'a time zone',
      'ln -sf /usr/share/zoneinfo/UTC /etc/localtime',
      'readlink /etc/localtime',
      '/usr/share/zoneinfo/Europe/Berlin',
    ],
    ['a unit that was stopped', 'systemctl stop app.service', 'systemctl is-active app.service', 'active'],
    [
      'a unit that was unmasked',
      'systemctl unmask e2scrub_all.timer',
      'systemctl is-enabled e2scrub_all.timer',
      'masked',
    ],
    ['a mount that was taken away', 'umount /srv/cache', 'grep -c /srv/cache /proc/mounts', '1'],
    [
      'a package that was removed',
      'apt-get -qq remove -y --allow-change-held-packages hello-ballast',
      'hello-ballast; apt-mark showhold',
      'hello 1.0\nhello-ballast',
    ],
    [
      'an authority that is trusted no more',
      'sed -i 1,3d /usr/local/share/ca-certificates/ballast-corp.crt; update-ca-certificates -f',
      'openssl verify -CApath /etc/ssl/certs /usr/local/share/ca-certificates/ballast-corp.crt | tail -c 3',
      'OK',
    ],
  ])('is put right: %s', async (_, change, ask, wanted) => {
    await inside(`(${change}) >/dev/null 2>&1 || true`);
    // What no watch sees, a sweep finds; here nobody waits for the next one.
    await mended(ask, wanted, 2_000).catch(async () => {
      await inside('systemctl restart ballast-agent');
      await mended(ask, wanted);
    });
  });

  it('is told of in events, as corrective', async () => {
    const drift = (await events()).filter(({ kind }) => kind === 'drift');
    expect(drift.map(({ subject }) => subject)).toEqual(
      expect.arrayContaining(['file:/etc/motd', 'user:ana', 'unit:app.service']),
    );
    expect(drift.every(({ cause }) => cause === 'corrective')).toBe(true);
  });
});

describe('what cannot be', { timeout: 120_000 }, () => {
  it('is told by the deploy, with the line that asked for it: a package that nobody has', async () => {
    writeFleet({ packages: ['no-such-package'] });
    const { code, stderr } = await ballast('deploy', '-f', file, '--timeout', '15s');
    expect([1, 4]).toContain(code);
    expect(stderr).toMatch(/package:no-such-package \(fleet\.yaml:\d+:\d+\) failed/);
    expect(stderr).toContain('there is no package no-such-package');
  });

  it.each([
    [
      'a package that cannot be set up',
      { packages: ['broken-ballast'] },
      /apt-get could not install broken/,
      'dpkg-query -W',
      '',
    ],
    [
      'a sudoers file that does not parse',
      { sudoers: 'ana ALL=(' },
      /file:\/etc\/sudoers\.d\/own .*visudo does not accept/,
      'visudo -c',
      'parsed OK',
    ],
    [
      'a setting that the ssh server does not take',
      { sshd: ', Ciphers: lots' },
      /sshd does not accept/,
      'sshd -t && cat /etc/ssh/sshd_config.d/40-ballast.conf',
      'MaxAuthTries 3',
    ],
    [
      'a module in a container',
      { module: 'no_such_module' },
      /module no_such_module cannot be loaded in a container/,
      'cat /etc/modules-load.d/ballast.conf',
      'no_such_module',
    ],
    ['swap in a container', { swap: '64M' }, /a container has no swap of its own/, 'ls /', 'srv'],
  ] as const)('is told, and nothing is half made: %s', async (_, wishes, told, ask, there) => {
    writeFleet(wishes);
    await well('deploy', '-f', file, '--detach');
    await eventually(signal, async () => {
      const { stdout, stderr } = await ballast('status');
      return told.test(`${stdout}${stderr}`);
    });
    expect(await inside(ask)).toContain(there);
    expect(
      await inside(
        'dpkg --audit; dpkg-query -W -f "\\${Package} \\${db:Status-Status}\\n" | grep -c half || true',
      ),
    ).toBe('0');
  });

  it('is over as soon as the line is right again', async () => {
    await hold();
  });
});

describe('a line that is removed', { timeout: 120_000 }, () => {
  it('undoes what it made, and no more', async () => {
    await inside('echo mine > /home/ana/mine; echo theirs > /srv/data/theirs');
    await hold({ without: ['users', 'sudo', 'ssh_keys', 'directories', 'files', 'units'] });
    expect(await inside('getent passwd ana || echo gone; cat /home/ana/mine; cat /srv/data/theirs')).toBe(
      'gone\nmine\ntheirs',
    );
    expect(
      await inside('cat /etc/motd; stat -c %a /etc/motd; ls /etc/sudoers.d/ballast-ana 2>&1 || true'),
    ).toMatch(/^of others\n640\nls: cannot access/);
    expect(await inside('hello-ballast')).toBe('hello 1.0');
    await inside('rm -r /home/ana /srv/data');
  });

  it('leaves the machine as it was before, when the last is removed', async () => {
    writeFleet(null);
    await well('deploy', '-f', file);
    const now = await look();
    expect(now.filter((line) => !untouched.includes(line))).toEqual([]);
    // What was to be absent is not brought back; systemd keeps no empty directories of links.
    const gone = untouched.filter((line) => !now.includes(line) && !/\.target\.wants /.test(line));
    expect(gone).toEqual(['gone-ballast ii ']);
  });

  it('is known by the machine’s view as up to date', async () => {
    const { machines } = JSON.parse((await ballast('machine', 'ls', '--json')).stdout) as {
      machines: MachineView[];
    };
    expect(machines.map(({ conformity }) => conformity)).toEqual(['up-to-date']);
  });
});
