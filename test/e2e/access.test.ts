import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Executed, exec, run } from '#host/exec.ts';
import { type LocalFleet, localFleet } from '#scripts/fleet/fleet.ts';
import { cache, data, executable } from '#scripts/fleet/places.ts';
import type { AccessView } from '#wire/access-views.ts';
import type { FleetEvent } from '#wire/views.ts';
import { eventually } from './support/ask.ts';

const signal = AbortSignal.timeout(10 * 60_000);
const machines = ['app-1', 'app-2'];
let fleet: LocalFleet;
let plainFile: string;

const ballast = async (...words: string[]): Promise<Executed> => await fleet.ballast(words, { signal });

/** Runs a command that must succeed; answers with its output. */
async function well(...words: string[]): Promise<string> {
  const { code, stdout, stderr } = await ballast(...words);
  expect(code, `ballast ${words.join(' ')}\n${stderr}`).toBe(0);
  return stdout;
}

async function refused(...words: string[]): Promise<string> {
  const { code, stderr } = await ballast(...words);
  expect(code, `ballast ${words.join(' ')}`).not.toBe(0);
  return stderr;
}

async function inside(machine: string, ...argv: string[]): Promise<string> {
  return await run([...(await fleet.provider.inside(machine, signal)), ...argv], { signal });
}

interface Certificate {
  readonly serial: number;
  readonly expiresAt: number;
  readonly config: string;
}

/** A certificate in a folder of its own, and the ssh configuration that uses it. */
async function certificate(folder: string, ...flags: string[]): Promise<Certificate> {
  const text = await well('access', 'cert', '--folder', join(fleet.options.home, folder), ...flags, '--json');
  return JSON.parse(text) as Certificate;
}

/** Plain ssh, by the configuration alone. */
const ssh = async ({ config }: Certificate, to: string, ...argv: string[]): Promise<Executed> =>
  await exec(['ssh', '-F', config, '-o', 'BatchMode=yes', to, ...argv], { signal, timeoutMs: 60_000 });

async function audit(): Promise<readonly FleetEvent[]> {
  const lines = (await well('access', 'log', '--tail', '1000', '-o', 'json')).split('\n').filter(Boolean);
  return lines.map((line) => JSON.parse(line) as FleetEvent);
}

/** Settles once an event of this kind says this. */
const told = async (kind: string, what: RegExp): Promise<void> =>
  await eventually(signal, async () =>
    (await audit()).some((event) => event.kind === kind && what.test(event.what)),
  );

const rules = `access:
  - { who: admin, machines: [app-*], as: deploy, sudo: [/usr/bin/whoami, /usr/bin/systemctl status *] }
  - { who: ben@example.com, machines: app-2, as: reports, command: "/usr/bin/echo only; /usr/bin/id -un" }
  - { who: eve@example.com, machines: app-2, as: ops, from: 192.0.2.0/24 }
`;

async function fileWith(access: string): Promise<string> {
  await writeFile(fleet.fleetFile, `${plainFile}${access}`);
  return fleet.fleetFile;
}

const deploy = async (access: string): Promise<string> => await well('deploy', '-f', await fileWith(access));

beforeAll(async () => {
  fleet = localFleet({
    ...{ name: 'acc', home: join(data, 'acc'), cache, executable, ownConfig: true },
    ...{ network: '10.85.0.0/24', machines: 2, port: 7713 },
  });
  await fleet.down();
  fleet = localFleet(fleet.options);
  plainFile = await readFile(fleet.fleetFile, 'utf8');
  await fleet.startServer(signal);
  await well('deploy', '-f', fleet.fleetFile);
  for (const machine of machines) {
    // Else sshd makes this computer wait longer after each login that it is right to refuse.
    const settings = 'printf "PerSourcePenalties no\\n" > /etc/ssh/sshd_config.d/01-test.conf';
    await inside(machine, 'sh', '-c', settings);
    await inside(machine, 'useradd', '--create-home', '--password', '*', 'other');
  }
}, 300_000);

afterAll(async () => await fleet.down(), 120_000);

describe('access', () => {
  it('is nobody’s until it is given', async () => {
    expect(await refused('machine', 'ssh', 'app-1', '--', 'id')).toContain(
      'admin has no access to any machine',
    );
    expect(await refused('access', 'cert')).toContain('ballast access grant admin');
  });

  it.each([
    ['access: [{ who: ana, machines: [web-*], as: deploy }]', 'no machine fits web-*'],
    ['access: [{ who: ana, machines: [app-*], as: www-data }]', 'www-data belongs to the system'],
    ['access: [{ who: ana, machines: [app-*], as: deploy, ttl: 25h }]', 'too long'],
    ['access: [{ who: ana, machines: [app-*], as: deploy, sudo: [ls] }]', 'no absolute command'],
    ['access: [{ who: a b, machines: [app-*], as: deploy }]', 'no name of a person'],
  ])('is refused when it is wrong: %s', async (text, what) => {
    await writeFile(fleet.fleetFile, `${plainFile}${text}\n`);
    expect(await refused('deploy', '-f', fleet.fleetFile)).toContain(what);
  });

  it('lets in whom the fleet file names, as the account it names, and nobody is asked anything', async () => {
    await deploy(rules);
    const { code, stdout, stderr } = await ballast('machine', 'ssh', 'app-1', '--', 'id', '-un');
    expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: 'deploy\n', stderr: '' });
    expect((await ballast('machine', 'ssh', 'app-1', '--', 'exit', '7')).code).toBe(7);
    await told('login', /^admin logged in as deploy from 10\.85\.0\.254 with certificate \d+$/);
  });

  it('lets plain ssh in with a certificate, and not without one', async () => {
    const mine = await certificate('mine');
    expect(await ssh(mine, 'app-1', 'hostname')).toMatchObject({ code: 0, stdout: 'app-1\n', stderr: '' });
    expect(await ssh(mine, 'app-2.acc', 'hostname')).toMatchObject({ code: 0, stdout: 'app-2\n' });
    const folder = join(fleet.options.home, 'mine');
    const bare = await exec(
      [
        ...[
          'ssh',
          '-F',
          '/dev/null',
          '-o',
          'BatchMode=yes',
          '-o',
          'IdentitiesOnly=yes',
          '-o',
          'HostKeyAlias=app-1',
        ],
        ...['-o', `UserKnownHostsFile=${folder}/known_hosts`, '-o', 'GlobalKnownHostsFile=/dev/null'],
        ...['-o', 'PubkeyAcceptedAlgorithms=ssh-ed25519', '-i', `${folder}/id`, 'deploy@10.85.0.1', 'id'],
      ],
      { signal },
    );
    expect(bare).toMatchObject({
      code: 255,
      stderr: expect.stringContaining('Permission denied (publickey)') as string,
    });
  });

  it('opens no other account', async () => {
    const mine = await certificate('mine');
    for (const account of ['root', 'other', 'reports']) {
      expect((await ssh(mine, `${account}@app-2`, 'id')).code, account).toBe(255);
    }
    await told(
      'login-refused',
      /refused for root from 10\.85\.0\.254: the certificate is not for this account$/,
    );
    expect(await refused('access', 'cert', '--as', 'root')).toContain('admin may not be root');
  });

  it('believes only machines that the fleet certified', async () => {
    const mine = await certificate('mine');
    const folder = join(fleet.options.home, 'mine');
    await run(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-f', join(folder, 'stranger')]);
    const stranger = await readFile(join(folder, 'stranger.pub'), 'utf8');
    await writeFile(join(folder, 'known_hosts'), `@cert-authority * ${stranger}`);
    const { code, stderr } = await ssh(mine, 'app-1', 'id');
    expect(code).toBe(255);
    expect(stderr).toContain('Host key verification failed');
  });

  it('allows by sudo what is listed and nothing else', async () => {
    const mine = await certificate('mine');
    const sudo = async (...argv: string[]) => await ssh(mine, 'app-1', 'sudo', '-n', ...argv);
    expect(await sudo('whoami')).toMatchObject({ code: 0, stdout: 'root\n' });
    expect((await sudo('systemctl', 'status', 'ssh.service')).code).toBe(0);
    for (const argv of [['id'], ['whoami', '--help'], ['-u', 'other', 'whoami']]) {
      expect(await sudo(...argv), argv.join(' ')).toMatchObject({
        stdout: '',
        stderr: expect.stringMatching(/password is required|not allowed/) as string,
      });
    }
  });

  it('ends with the certificate', async () => {
    const brief = await certificate('brief', '--ttl', '5s');
    expect((await ssh(brief, 'app-1', 'true')).code).toBe(0);
    await eventually(signal, async () => Date.now() > brief.expiresAt + 1_000);
    expect((await ssh(brief, 'app-1', 'true')).code).toBe(255);
    await told(
      'login-refused',
      new RegExp(`^certificate ${brief.serial} of admin was refused .* has expired$`),
    );
  });

  it('may be one command only, with no way around it', async () => {
    const ben = await certificate('ben', '--who', 'ben@example.com');
    const { stdout } = await ssh(ben, 'app-2', 'cat /etc/shadow');
    expect(stdout).toBe('only\nreports\n');
    const forward = ['ssh', '-F', ben.config, '-o', 'BatchMode=yes', '-W', '127.0.0.1:22', 'app-2'];
    expect((await exec(forward, { signal })).code).toBe(255);
  });

  it('may be bound to where one comes from', async () => {
    const eve = await certificate('eve', '--who', 'eve@example.com');
    expect((await ssh(eve, 'app-2', 'id')).code).toBe(255);
    await told('login-refused', /of eve@example\.com was refused .* not one of those allowed$/);
  });

  it('takes keys that were written by hand for drift', async () => {
    await run(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-f', join(fleet.options.home, 'hand')]);
    const key = (await readFile(join(fleet.options.home, 'hand.pub'), 'utf8')).trim();
    const file = '/home/deploy/.ssh/authorized_keys';
    await inside('app-1', 'sh', '-c', `echo '${key}' >> ${file}`);
    const login = await exec(
      [
        ...[
          'ssh',
          '-F',
          '/dev/null',
          '-o',
          'BatchMode=yes',
          '-o',
          'IdentitiesOnly=yes',
          '-o',
          'StrictHostKeyChecking=no',
        ],
        ...[
          '-o',
          'UserKnownHostsFile=/dev/null',
          '-i',
          join(fleet.options.home, 'hand'),
          'deploy@10.85.0.1',
          'id',
        ],
      ],
      { signal },
    );
    expect(login.code).toBe(255);
    await eventually(signal, async () => !(await inside('app-1', 'cat', file)).includes(key));
  });
});

describe('an administrator’s own keys', () => {
  it('work until root was reached by certificate, and again when nobody may be root', async () => {
    const key = join(fleet.options.home, 'root-key');
    await run(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-f', key]);
    const line = (await readFile(`${key}.pub`, 'utf8')).trim();
    await inside(
      'app-1',
      'sh',
      '-c',
      `mkdir -p -m 700 /root/.ssh; echo '${line}' > /root/.ssh/authorized_keys`,
    );
    const old = async (): Promise<number> =>
      (
        await exec(
          [
            ...['ssh', '-F', '/dev/null', '-o', 'BatchMode=yes', '-o', 'IdentitiesOnly=yes'],
            ...[
              '-o',
              'StrictHostKeyChecking=no',
              '-o',
              'UserKnownHostsFile=/dev/null',
              '-i',
              key,
              'root@10.85.0.1',
              'true',
            ],
          ],
          { signal },
        )
      ).code;
    expect(await old()).toBe(0);
    await well('access', 'grant', 'admin', '--machines', 'app-1', '--as', 'root', '--ttl', '10m');
    expect(await old()).toBe(0);
    expect((await ballast('machine', 'ssh', 'app-1', '--as', 'root', '--', 'true')).code).toBe(0);
    await eventually(signal, async () => (await old()) === 255);
    expect(await inside('app-1', 'cat', '/root/.ssh/authorized_keys')).toContain(line);
    await well('access', 'revoke', '--grant', 'g1');
    await eventually(signal, async () => (await old()) === 0);
    expect(await refused('machine', 'ssh', 'app-1', '--as', 'root', '--', 'true')).toContain(
      'may not be root',
    );
  });
});

describe('an invitation', () => {
  it('is for certificates in one’s own name and for nothing else', async () => {
    const { home } = fleet.options;
    expect(await refused('access', 'invite', 'stranger')).toContain('stranger has no access to any machine');
    await well('access', 'invite', 'ben@example.com', '--out', join(home, 'ben.json'));
    const env = { BALLAST_CONFIG: join(home, 'ben.yaml'), BALLAST_CONTEXT: 'theirs' };
    const ben = async (...words: string[]): Promise<Executed> => await fleet.ballast(words, { signal, env });
    expect((await ben('context', 'add', 'theirs', '--from', join(home, 'ben.json'))).code).toBe(0);
    expect(await ben('machine', 'ssh', 'app-2')).toMatchObject({ code: 0, stdout: 'only\nreports\n' });
    expect((await ben('access', 'cert', '--who', 'admin')).stderr).toContain('in their own name only');
    expect((await ben('machine', 'ssh', 'app-1')).stderr).toContain('ben@example.com has no access to app-1');
    for (const words of [
      ['status'],
      ['access', 'ls'],
      ['access', 'grant', 'ben@example.com', '-m', '*', '--as', 'root'],
    ]) {
      expect((await ben(...words)).stderr, words.join(' ')).toContain('people who may only log in');
    }
    await well('access', 'revoke', 'ben@example.com');
    expect((await ben('machine', 'ssh', 'app-2')).stderr).toContain('does not know you');
  });
});

describe('what is revoked', () => {
  it('must be there', async () => {
    expect(await refused('access', 'revoke', 'nobody@example.com')).toContain(
      'there is no access of nobody@example.com',
    );
    expect(await refused('access', 'revoke', '--certificate', '9999')).toContain(
      'no certificate 9999 in force',
    );
    expect(await refused('access', 'revoke', '--grant', 'g9')).toContain('there is no grant g9');
    expect(await refused('access', 'grant', 'admin', '-m', 'web', '--as', 'deploy')).toContain(
      'no machine fits web',
    );
  });

  it('is refused on all machines, one certificate at a time', async () => {
    const [lost, kept] = [await certificate('lost'), await certificate('kept')];
    await well('access', 'revoke', '--certificate', String(lost.serial));
    for (const machine of machines) {
      expect((await ssh(lost, machine, 'true')).code, machine).toBe(255);
      expect((await ssh(kept, machine, 'true')).code, machine).toBe(0);
    }
    await told(
      'login-refused',
      new RegExp(`^certificate ${lost.serial} of admin was refused .* is revoked$`),
    );
  });

  it('ends sessions, and is given back only on purpose', async () => {
    const open = await certificate('open');
    const session = ssh(open, 'app-1', 'echo begun; sleep 300');
    await told('login', new RegExp(`with certificate ${open.serial}$`));
    await well('access', 'revoke', 'admin');
    expect((await session).code).toBe(255);
    await told(
      'session-ended',
      new RegExp(`of admin as deploy was ended: certificate ${open.serial} is revoked$`),
    );
    expect((await ssh(open, 'app-2', 'true')).code).toBe(255);
    expect(await refused('access', 'cert')).toContain('the access of admin was revoked');
    const view = JSON.parse(await well('access', 'ls', '--json')) as AccessView;
    expect(view.rules.filter(({ suspended }) => suspended).map(({ who }) => who)).toEqual([
      'admin',
      'ben@example.com',
    ]);
    await well('access', 'grant', 'admin');
    expect((await ballast('machine', 'ssh', 'app-2', '--', 'true')).code).toBe(0);
  });
});

describe('the audit log', () => {
  it('has every certificate and every login, by kind', async () => {
    const kinds = new Set((await audit()).map(({ kind }) => kind));
    for (const kind of ['access-granted', 'access-revoked', 'certificate-issued', 'login', 'login-refused']) {
      expect([...kinds]).toContain(kind);
    }
    const lines = (await well('events', '--kind', 'login', '--tail', '1000', '-o', 'json'))
      .split('\n')
      .filter(Boolean);
    const logins = lines.map((line) => JSON.parse(line) as FleetEvent);
    expect(new Set(logins.map(({ kind }) => kind))).toEqual(new Set(['login']));
    expect(logins[0]?.detail).toMatchObject({ account: 'deploy', who: 'admin', from: '10.85.0.254' });
  });
});

describe('a fleet file that lets nobody in', () => {
  it('is refused unless that is said by name', async () => {
    await writeFile(fleet.fleetFile, `${plainFile}access: []\n`);
    expect(await refused('deploy', '-f', fleet.fleetFile)).toContain('nobody could log in on any machine');
    await well('deploy', '-f', fleet.fleetFile, '--force', 'access');
    expect(await refused('machine', 'ssh', 'app-1')).toContain('admin has no access to any machine');
    await deploy(rules);
  });
});

describe('a fleet file without rules', () => {
  it('undoes what access made, and nothing else', async () => {
    // What was granted or revoked by command still speaks of access, so letting nobody in is to be said here too.
    expect(await refused('deploy', '-f', await fileWith(''))).toContain('--force access');
    await well('deploy', '-f', fleet.fleetFile, '--force', 'access');
    await eventually(signal, async () => !(await inside('app-1', 'cat', '/etc/passwd')).includes('deploy'));
    expect(await inside('app-1', 'ls', '/etc/sudoers.d')).not.toContain('ballast');
    expect(await inside('app-1', 'cat', '/etc/passwd')).toContain('other');
    expect(await inside('app-1', 'cat', '/etc/ssh/sshd_config.d/01-test.conf')).toContain(
      'PerSourcePenalties',
    );
  });
});
