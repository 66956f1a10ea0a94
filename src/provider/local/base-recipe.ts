import { digestOf } from '#base/digest.ts';
import type { SeedFile } from '#provider/port.ts';
import { signalsInside } from './nspawn.ts';

export const release = 'trixie';

/** What Ballast needs on a machine, and a little of what people expect when they look around on one. */
export const basePackages: readonly string[] = [
  'apache2-utils',
  'aardvark-dns',
  'busybox-static',
  'ca-certificates',
  'caddy',
  'catatonit',
  'conmon',
  'conntrack',
  'crun',
  'curl',
  'dbus',
  'dnsmasq-base',
  'docker-registry',
  'iproute2',
  'iputils-ping',
  'less',
  'libatomic1',
  'netavark',
  'netcat-openbsd',
  'nftables',
  'openssh-server',
  'passt',
  'podman',
  'procps',
  'sudo',
  'systemd',
  'systemd-resolved',
  'systemd-sysv',
  'tcpdump',
  'uidmap',
  'wireguard-go',
  'wireguard-tools',
];

/** Services that their packages turn on and Ballast turns on itself where they are wanted. */
export const disabledUnits: readonly string[] = [
  'apt-daily-upgrade.timer',
  'apt-daily.timer',
  'caddy-api.service',
  'caddy.service',
  'docker-registry.service',
  'dpkg-db-backup.timer',
  'e2scrub_all.timer',
  'e2scrub_reap.service',
  'fstrim.timer',
  'getty@tty1.service',
  'netavark-dhcp-proxy.service',
  'netavark-dhcp-proxy.socket',
  'netavark-firewalld-reload.service',
  'podman-auto-update.service',
  'podman-auto-update.timer',
  'podman-clean-transient.service',
  'podman-restart.service',
  'podman.service',
  'podman.socket',
  'remote-fs.target',
  'sshd-keygen.service',
  'systemd-network-generator.service',
  'systemd-networkd-wait-online.service',
  'systemd-pstore.service',
];

/** Units for hardware, kernels and consoles that a machine of this kind does not have; they would only fail or wait. */
export const maskedUnits: readonly string[] = [
  'console-getty.service',
  'dev-hugepages.mount',
  'getty.target',
  'ldconfig.service',
  'proc-sys-fs-binfmt_misc.automount',
  'run-lock.mount',
  'sys-fs-fuse-connections.mount',
  'sys-kernel-debug.mount',
  'sys-kernel-tracing.mount',
  'systemd-binfmt.service',
  'systemd-hwdb-update.service',
  'systemd-journal-catalog-update.service',
  'systemd-machine-id-commit.service',
  'systemd-modules-load.service',
  'systemd-random-seed.service',
  'systemd-remount-fs.service',
  'systemd-sysusers.service',
  'systemd-tmpfiles-setup-dev-early.service',
  'systemd-udevd.service',
  'systemd-update-done.service',
  'systemd-update-utmp.service',
  'tmp.mount',
];

/** Turned on by a link as `systemctl enable` makes it; all else that runs is turned on by its package. */
const enabledUnits: readonly (readonly [link: string, unit: string])[] = [
  ['dbus-org.freedesktop.network1.service', 'systemd-networkd.service'],
  ['multi-user.target.wants/systemd-networkd.service', 'systemd-networkd.service'],
  ['sockets.target.wants/systemd-networkd.socket', 'systemd-networkd.socket'],
];

/** Paths with which every machine would have the same identity. */
export const identityPaths: readonly string[] = [
  'etc/hostname',
  'etc/machine-id',
  'var/lib/dbus/machine-id',
  'var/lib/systemd/random-seed',
];

const file = (path: string, lines: readonly string[], mode = 0o644): SeedFile => ({
  path,
  mode,
  content: `${lines.join('\n')}\n`,
});

/** Settings that every machine of this kind has. What Ballast wants on any machine is not here but in manifests. */
export const baseFiles: readonly SeedFile[] = [
  file(
    '/usr/local/sbin/local-boot',
    [
      '#!/bin/sh',
      '# Process 1 of a local machine, for a moment: what systemd expects to find, then systemd itself.',
      'for tree in /sys/fs/cgroup/*/; do',
      '  [ -e "$tree/cgroup.clone_children" ] && mount -o remount,bind,rw "$tree" 2>/dev/null',
      'done',
      '[ -e /dev/fuse ] || mknod -m 666 /dev/fuse c 10 229',
      '[ ! -e /dev/net/tun ] || chmod 666 /dev/net/tun',
      '# When nspawn is killed this machine loses its power too: it could not be taken over.',
      'exec setpriv --pdeathsig KILL /usr/lib/systemd/systemd',
    ],
    0o755,
  ),
  file('/etc/systemd/system/local-up.service', [
    '[Unit]',
    'Description=Tell the host that this machine is up',
    'After=ssh.service systemd-networkd.service',
    `ConditionPathExists=${signalsInside}`,
    '[Service]',
    'Type=oneshot',
    `ExecStart=/usr/bin/touch ${signalsInside}/up`,
  ]),
  {
    path: '/etc/systemd/system/multi-user.target.wants/local-up.service',
    mode: 0o777,
    linkTo: '/etc/systemd/system/local-up.service',
  },
  file('/etc/ssh/sshd_config.d/10-host-key.conf', ['HostKey /etc/ssh/ssh_host_ed25519_key']),
  file('/etc/systemd/system/ssh.service.d/10-host-key.conf', [
    '[Service]',
    'ExecStartPre=',
    'ExecStartPre=/bin/sh -c \'[ -s /etc/ssh/ssh_host_ed25519_key ] || exec ssh-keygen -q -t ed25519 -N "" -f /etc/ssh/ssh_host_ed25519_key\'',
    'ExecStartPre=/usr/sbin/sshd -t',
  ]),
  file('/etc/systemd/journald.conf.d/10-local.conf', [
    '[Journal]',
    'SystemMaxUse=64M',
    'ReadKMsg=no',
    'Audit=no',
  ]),
  file('/etc/systemd/system.conf.d/10-local.conf', [
    '[Manager]',
    'DefaultEnvironment=PODMAN_IGNORE_CGROUPSV1_WARNING=1',
  ]),
  file('/etc/ssh/sshd_config.d/20-environment.conf', ['SetEnv PODMAN_IGNORE_CGROUPSV1_WARNING=1']),
  { path: '/etc/resolv.conf', mode: 0o777, linkTo: '/run/systemd/resolve/stub-resolv.conf' },
  // The tree was never booted and is complete: nothing has to be brought up to date at a first boot.
  file('/etc/.updated', ['TIMESTAMP_NSEC=4102444800000000000']),
  file('/var/.updated', ['TIMESTAMP_NSEC=4102444800000000000']),
  ...enabledUnits.map(([link, unit]) => ({
    path: `/etc/systemd/system/${link}`,
    mode: 0o777,
    linkTo: `/usr/lib/systemd/system/${unit}`,
  })),
  ...maskedUnits.map((unit) => ({ path: `/etc/systemd/system/${unit}`, mode: 0o777, linkTo: '/dev/null' })),
];

/** Stands for all that makes the base what it is, so that a change of the recipe makes a new one. */
export const baseDigest = digestOf([
  release,
  basePackages,
  disabledUnits,
  maskedUnits,
  identityPaths,
  baseFiles,
]);

/**
 * Installs the base into a directory. In mount and process namespaces of its own, and ended with the process that
 * starts it, so that nothing is left over, whatever is killed.
 */
export const installArgv = (dir: string): string[] => [
  ...['setpriv', '--pdeathsig', 'KILL', '--'],
  ...['unshare', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc', '--'],
  ...['mmdebstrap', '--mode=root', '--variant=minbase', `--include=${basePackages.join(',')}`],
  '--aptopt=APT::Install-Recommends "false"',
  '--dpkgopt=force-unsafe-io',
  '--dpkgopt=path-exclude=/usr/share/doc/*',
  '--dpkgopt=path-exclude=/usr/share/man/*',
  '--dpkgopt=path-exclude=/usr/share/locale/*',
  release,
  dir,
];
