import type { Resource } from '#compile/manifest.ts';
import { container, directory, file, firewall, image, network, sysctl, unit, volume } from '../agent-lab.ts';

const base = (id: string) => ({ id, after: [], origin: 'fleet.yaml:1:1' });

const ana: Resource = {
  ...{ ...base('user:ana'), kind: 'user', name: 'ana', group: 'ana', groups: ['team'], shell: '/bin/bash' },
  ...{ home: '/home/ana', makeHome: true, comment: '', system: false, removeHome: false },
  after: ['group:team'],
};

/** One resource of every kind that a machine in a container can hold. */
export function declared(box: string, pulled: string, certificate: string): Resource[] {
  const text = '[Service]\nExecStart=/bin/sleep infinity\n[Install]\nWantedBy=multi-user.target\n';
  const sleeper = file('/etc/systemd/system/sleeper.service', text, { mode: 0o644 });
  return [
    ...network(),
    image(box),
    image(pulled),
    directory('/etc/test'),
    file('/etc/test/greeting', 'hello\n', { after: ['directory:/etc/test'] }),
    file('/etc/test/password', '', {
      ...{ content: undefined, secret: 'password@1', mode: 0o600, after: ['directory:/etc/test'] },
    }),
    file('/etc/resolv.conf', 'nameserver 127.0.0.1\n', { mode: 0o644 }),
    { ...base('group:team'), kind: 'group', name: 'team', system: false },
    ana,
    file('/home/ana/.ssh/authorized_keys', '# none\n', { after: ['user:ana'] }),
    sysctl('net.ipv4.tcp_migrate_req', '1'),
    volume('data'),
    volume('spare'),
    firewall,
    sleeper,
    unit('sleeper.service', 'one', [sleeper.id]),
    unit('systemd-tmpfiles-clean.timer', '', []),
    { ...base('package:hello-ballast'), kind: 'package', name: 'hello-ballast', version: '1.0', hold: true },
    { ...base('package:gone-ballast'), kind: 'package', name: 'gone-ballast', absent: true },
    { ...base('trust:corp'), kind: 'trust', name: 'corp', certificate },
    { ...base('timezone:machine'), kind: 'timezone', zone: 'Europe/Berlin' },
    container('w1', { image: box, number: 11, lines: 'Volume=data:/data', after: ['volume:data'] }),
    container('w2', { image: box, number: 12 }),
    container('w3', { image: pulled, number: 13 }),
  ];
}

/** Things beside the declared ones, that are somebody else's. */
export const neighbours = `
  echo x > /etc/mine; echo x > /etc/systemd/system/mine.conf
  podman run -d --name mine --network=none test/box sleep 100000 >/dev/null; podman volume create mine >/dev/null
  nft add table inet others; nft add chain inet others input; nft add rule inet others input tcp dport 10 drop
  useradd -m bystander; systemd-run --unit bystander sleep infinity`;

/** What is to be the same before and after everything. */
export const neighboursNow = `
  cat /etc/mine /etc/systemd/system/mine.conf; podman inspect mine --format '{{.State.StartedAt}} {{.State.Running}}'
  podman volume ls -q --filter name=mine; nft list table inet others; getent passwd bystander
  systemctl show -p InvocationID bystander`;
