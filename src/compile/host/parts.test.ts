import { describe, expect, test } from 'vitest';
import type { FileResource, Resource, UnitResource } from '#compile/manifest.ts';
import type { Policy } from '#plan/model.ts';
import { parseFleet } from '#spec/fleet/parse.ts';
import { hostResources, oncePerId } from './host.ts';

/** What app-1 holds for this `host` section, by id. */
function held(host: string): ReadonlyMap<string, Resource> {
  const head = 'fleet: acme\nmachines: { app: { provider: local, count: 1, labels: { zone: a } } }\nhost:\n';
  const parsed = parseFleet({ file: 'fleet.yaml', text: `${head}${host.replaceAll(/^/gm, '  ')}`, env: {} });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems, null, 2));
  const { fleet, origins } = parsed.value;
  const machine = { name: 'app-1', provider: 'local', index: 1, address: '10.90.0.1' } as const;
  const policy: Policy = {
    fleet,
    fleetOrigins: origins,
    hostSecrets: { tls_key: 3 },
    machines: { 'app-1': { ...machine, labels: { zone: 'a' }, schedulable: true } },
    apps: {},
  };
  return new Map(hostResources(policy, 'app-1').map((resource) => [resource.id, resource]));
}

const file = (host: string, path: string): FileResource => held(host).get(`file:${path}`) as FileResource;
const unit = (host: string, name: string): UnitResource => held(host).get(`unit:${name}`) as UnitResource;
const key = `ssh-ed25519 ${'A'.repeat(60)} ana`;

describe('a sudo rule', () => {
  const host = `users: { ana: {} }\nsudo: { ana: { commands: ["/usr/bin/x --at=1:2,3 *", /bin/y] } }`;

  test('is one file that visudo must accept, with what means something in it taken literally', () => {
    expect(file(host, '/etc/sudoers.d/ballast-ana')).toMatchObject({
      content: 'ana ALL=(root) NOPASSWD: /usr/bin/x --at\\=1\\:2\\,3 *, /bin/y\n',
      mode: 0o440,
      check: ['visudo', '-c', '-f', '{}'],
      confirm: true,
      after: ['user:ana', 'package:sudo'],
    });
    expect(held(host).has('package:sudo')).toBe(true);
  });

  test('may be for groups and as somebody else', () => {
    const rule = 'groups: [ops]\nsudo: { db: { groups: [ops], as: postgres, commands: [ALL] } }';
    expect(file(rule, '/etc/sudoers.d/ballast-db').content).toBe('%ops ALL=(postgres) NOPASSWD: ALL\n');
  });
});

describe('the ssh server', () => {
  const host = `users: { ana: {} }\nssh_keys: { ana: ["${key}"] }\nsshd: { MaxAuthTries: 3 }`;

  test('looks for the keys of declared users in files of root, after they are there', () => {
    const settings = file(host, '/etc/ssh/sshd_config.d/40-ballast.conf');
    expect(settings).toMatchObject({
      content: 'MaxAuthTries 3\nMatch User ana\n  AuthorizedKeysFile /etc/ssh/authorized_keys.d/%u\n',
      check: ['sshd', '-t', '-f', '{}'],
      afterwards: [['systemctl', 'try-reload-or-restart', 'ssh.service']],
      confirm: true,
    });
    expect(settings.after).toContain('file:/etc/ssh/authorized_keys.d/ana');
    expect(file(host, '/etc/ssh/authorized_keys.d/ana')).toMatchObject({
      content: `${key}\n`,
      owner: 'root',
    });
  });

  test('comes from the key that was written, if there is only one', () => {
    const path = '/etc/ssh/sshd_config.d/40-ballast.conf';
    expect(file('sshd: { Port: 2222 }', path).origin).toMatch(/:\d+:11$/);
    expect(file('sshd: { Port: 2222, MaxAuthTries: 3 }', path).origin).toMatch(/:\d+:3$/);
  });

  test('is left alone when nobody speaks of it', () => {
    expect([...held('users: { ana: {} }').keys()]).toEqual(['user:ana']);
  });
});

describe('a file', () => {
  test('comes after the directories above it and after its owner, if they are declared', () => {
    const host =
      'users: { ana: {} }\ndirectories: [/srv, /srv/a]\nfiles: { /srv/a/b/c: { content: x, owner: ana, group: ana } }';
    expect(file(host, '/srv/a/b/c').after).toEqual(['directory:/srv/a', 'directory:/srv', 'user:ana']);
  });

  test('comes after all packages when one of them may bring its owner', () => {
    const host = 'packages: [nginx, htop]\nfiles: { /etc/x: { content: x, group: www-data } }';
    expect(file(host, '/etc/x').after).toEqual(['package:htop', 'package:nginx']);
  });

  test('is filled in for the machine when it is a template, and left as it is otherwise', () => {
    const text = '{{machine.name}} {{machine.address}} {{labels.zone}}';
    expect(file(`files: { /etc/x: { content: "${text}", template: true } }`, '/etc/x').content).toBe(
      'app-1 10.90.0.1 a',
    );
    expect(file(`files: { /etc/x: "${text}" }`, '/etc/x').content).toBe(text);
  });

  test('that is a secret names its newest version and holds no text', () => {
    const { secret, content, mode } = file('files: { /etc/key: { secret: tls_key } }', '/etc/key');
    expect({ secret, content, mode }).toEqual({ secret: 'tls_key@3', content: undefined, mode: 0o600 });
  });

  test('tells units that nobody declares itself', () => {
    const host = 'files: { /etc/x: { content: x, restart: [a.service], reload: [b.service, c.service] } }';
    expect(file(host, '/etc/x').afterwards).toEqual([
      ['systemctl', 'try-restart', 'a.service'],
      ['systemctl', 'try-reload-or-restart', 'b.service', 'c.service'],
    ]);
  });
});

describe('a unit', () => {
  const body = '"[Service]\\nExecStart=/bin/a /etc/spoken\\n[Install]\\nWantedBy=multi-user.target\\n"';
  const host = (content: string): string =>
    `packages: [htop]\nfiles: { /etc/x: { content: ${content}, restart: [a.service] }, /etc/spoken: y }\nunits: { a.service: { content: ${body} } }`;

  test('comes after its file, packages and the files it reads or speaks of', () => {
    expect(unit(host('x'), 'a.service').after).toEqual([
      'file:/etc/systemd/system/a.service',
      'file:/etc/x',
      'file:/etc/spoken',
      'package:htop',
    ]);
  });

  test('starts anew when a file changes that names it', () => {
    expect(unit(host('x'), 'a.service').stamp).not.toBe(unit(host('y'), 'a.service').stamp);
    expect(file(host('x'), '/etc/x').afterwards).toBeUndefined();
  });

  test('that is read again rather than started anew says so', () => {
    const reloads = 'files: { /etc/x: { content: x, reload: [b.service] } }\nunits: { b.service: {} }';
    expect(unit(reloads, 'b.service')).toMatchObject({ enabled: true, active: true, reload: true });
  });

  test('that a timer starts is a file only, and the timer comes after it', () => {
    const timed = `units:\n  t.timer: { content: "[Timer]\\nOnCalendar=daily\\n[Install]\\nWantedBy=timers.target\\n" }\n  t.service: { content: "[Service]\\nType=oneshot\\nExecStart=/bin/true\\n" }`;
    expect(held(timed).has('unit:t.service')).toBe(false);
    expect(unit(timed, 't.timer').after).toContain('file:/etc/systemd/system/t.service');
  });

  test('that is masked is nothing else', () => {
    expect(unit('units: { m.timer: { masked: true } }', 'm.timer')).toMatchObject({
      ...{ masked: true, enabled: false, active: false },
    });
  });
});

describe('the kernel', () => {
  test('gets its settings after its modules, and both again after a boot', () => {
    const host = 'modules: { loop: { options: max_loop=8 } }\nsysctl: { net.core.somaxconn: 4096 }';
    expect(held(host).get('sysctl:net.core.somaxconn')?.after).toEqual(['module:loop']);
    expect(file(host, '/etc/sysctl.d/99-ballast.conf').content).toBe('net.core.somaxconn = 4096\n');
    expect(file(host, '/etc/modules-load.d/ballast.conf').content).toBe('loop\n');
    expect(file(host, '/etc/modprobe.d/ballast.conf').content).toBe('options loop max_loop=8\n');
  });
});

test('a mount is a unit of systemd', () => {
  const host = 'mounts: { /srv/my-data: { what: /dev/sdb1, type: ext4, options: [noatime, ro] } }';
  expect(file(host, '/etc/systemd/system/srv-my\\x2ddata.mount').content).toContain(
    'What=/dev/sdb1\nWhere=/srv/my-data\nType=ext4\nOptions=noatime,ro\n',
  );
  expect(unit(host, 'srv-my\\x2ddata.mount')).toMatchObject({ enabled: true, active: true });
});

test('limits of the journal are a file, and the journal is told', () => {
  const journal = file(
    'journal: { max_use: 1M, max_age: 90s }',
    '/etc/systemd/journald.conf.d/50-ballast.conf',
  );
  expect(journal.content).toBe('[Journal]\nSystemMaxUse=1048576\nMaxRetentionSec=90\n');
  expect(journal.afterwards).toEqual([['systemctl', 'restart', 'systemd-journald.service']]);
});

test('what two parts need is held once, as the first asked for it', () => {
  const packages = [
    ...held('packages: { sudo: { hold: true } }\nusers: { a: }\nsudo: { a: { commands: [ALL] } }').values(),
  ];
  expect(packages.filter(({ id }) => id === 'package:sudo')).toMatchObject([{ hold: true }]);
  expect(oncePerId([...packages, ...packages])).toHaveLength(packages.length);
});

test.each([
  ['units: { nftables.service: {} }', 'unit:nftables.service', true],
  [
    'units: { guard.service: { content: "[Service]\\nExecStart=/usr/sbin/ip route add 10.0.0.0/8 via 10.90.0.9\\n[Install]\\nWantedBy=multi-user.target\\n" } }',
    'unit:guard.service',
    true,
  ],
  [
    'files: { /etc/netplan/a.yaml: { content: x, restart: [late.service] } }\nunits: { late.service: {} }',
    'unit:late.service',
    true,
  ],
  [
    'units: { app.service: { content: "[Service]\\nExecStart=/usr/bin/app\\n[Install]\\nWantedBy=multi-user.target\\n" } }',
    'unit:app.service',
    undefined,
  ],
  ['files: { /etc/systemd/network/10-eth.network: x }', 'file:/etc/systemd/network/10-eth.network', true],
  ['files: { /etc/motd: x }', 'file:/etc/motd', undefined],
  ['sysctl: { net.core.somaxconn: 99 }', 'sysctl:net.core.somaxconn', true],
  ['sysctl: { vm.swappiness: 10 }', 'sysctl:vm.swappiness', undefined],
])('what could cut the machine off has to be confirmed, and nothing else: %j', (host, id, confirm) => {
  expect(held(host).get(id)?.confirm).toBe(confirm);
});
