import { describe, expect, it } from 'vitest';
import { parseFleet } from '#spec/fleet/parse.ts';

/** What is said of a `host` section, warnings after problems. */
function said(host: string, more = ''): readonly string[] {
  const text = `fleet: acme\nmachines: { app: { provider: local } }\nhost: ${host}\n${more}`;
  const parsed = parseFleet({ file: 'fleet.yaml', text, env: {} });
  const problems = parsed.ok ? (parsed.warnings ?? []) : parsed.problems;
  return problems.map(({ what }) => `${parsed.ok ? 'warning: ' : ''}${what}`);
}

describe('a baseline that cannot work is refused:', () => {
  it.each([
    ['{ files: { /etc/x: { content: a, owner: ghost } } }', 'host.files./etc/x: there is no user ghost'],
    ['{ files: { /etc/x: { content: a, group: ghost } } }', 'host.files./etc/x: there is no group ghost'],
    ['{ directories: { /srv/x: { owner: ghost } } }', 'host.directories./srv/x: there is no user ghost'],
    [
      '{ sshd: { PermitRootLogin: maybe } }',
      'host.sshd.PermitRootLogin: the ssh server does not take "maybe"',
    ],
    ['{ sshd: { Port: 99999 } }', 'host.sshd.Port: the ssh server does not take "99999"'],
    ['{ sshd: { LoginGraceTime: soon } }', 'host.sshd.LoginGraceTime: the ssh server does not take "soon"'],
    ['{ sudo: { root: { commands: [ALL] } } }', 'host.sudo.root: root needs no sudo'],
    ['{ packages: [htop, htop] }', 'host.packages: htop is listed twice'],
    ['{ mounts: { /: { what: a, type: ext4 } } }', 'host.mounts./: the system itself lives there'],
    [
      '{ directories: { /srv/../etc: { mode: 0777 } } }',
      'host.directories./srv/../etc: /etc is the system’s, with mode 0755 and owned by root',
    ],
    [
      '{ directories: { /tmp: { mode: 0755 } } }',
      'host.directories./tmp: /tmp is the system’s, with mode 1777 and owned by root',
    ],
    [
      '{ units: { ssh.service: { masked: true } } }',
      'host.units.ssh.service is needed: nobody could log in on the machine any more',
    ],
    [
      '{ units: { dbus.service: { active: false, enabled: false } } }',
      'host.units.dbus.service is needed: nothing could be asked of systemd any more',
    ],
    [
      '{ units: { systemd-journald.service: { masked: true } } }',
      'host.units.systemd-journald.service is needed: nothing could be read of what happens on the machine',
    ],
  ])('%s', (host, what) => {
    expect(said(host)).toEqual([what]);
  });
});

describe('what sudo may run', () => {
  it.each(['/bin/sh *', '/bin/bash', '/usr/bin/env -i *', '/usr/bin/python3 -c *', '/usr/bin/su'])(
    'is not %s, which is everything',
    (command) => {
      expect(said(`{ users: [ana], sudo: { ana: { commands: ["${command}"] } } }`)).toEqual([
        `host.sudo.ana: ${JSON.stringify(command)} is any command`,
      ]);
    },
  );

  it.each(['ALL', '/bin/sh /usr/local/bin/x *', '/usr/bin/systemctl status *'])('is %s', (command) => {
    expect(said(`{ users: [ana], sudo: { ana: { commands: ["${command}"] } } }`)).toEqual([]);
  });
});

describe('a baseline that works is taken:', () => {
  it.each([
    '{ users: [ana], files: { /etc/x: { content: a, owner: ana, group: ana } } }',
    '{ files: { /etc/x: { content: a, owner: www-data, group: adm }, /etc/y: { content: a, owner: "1000" } } }',
    '{ sshd: { PermitRootLogin: prohibit-password, Port: 2222, X11Forwarding: no, LogLevel: VERBOSE, AllowUsers: a b } }',
    '{ directories: { /srv: {}, /etc: {}, /tmp: {}, /opt/x: { mode: 0777 } } }',
    '{ units: { apt-daily.timer: { masked: true }, systemd-timesyncd.service: { masked: true } } }',
  ])('%s', (host) => {
    expect(said(host)).toEqual([]);
  });

  it('with an owner that a rule of access makes', () => {
    const access = "access: [{ who: ana, machines: ['*'], as: deploy }]";
    expect(said('{ files: { /etc/x: { content: a, owner: deploy } } }', access)).toEqual([]);
  });

  it('with an owner that a package may make, and a warning', () => {
    expect(said('{ packages: [nginx], files: { /etc/x: { content: a, owner: ghost } } }')).toEqual([
      'warning: host.files./etc/x: there is no user ghost',
    ]);
  });
});
