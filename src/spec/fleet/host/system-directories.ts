/** Directories that every Debian machine has, and the mode each has there. */
const usual = 0o755;
const places: ReadonlyMap<string, number> = new Map([
  ...[
    ...[
      '/',
      '/bin',
      '/boot',
      '/etc',
      '/home',
      '/lib',
      '/lib32',
      '/lib64',
      '/libx32',
      '/run',
      '/sbin',
      '/usr',
      '/var',
    ],
    ...[
      '/usr/bin',
      '/usr/lib',
      '/usr/lib64',
      '/usr/libexec',
      '/usr/local',
      '/usr/local/bin',
      '/usr/local/sbin',
    ],
    ...['/usr/sbin', '/usr/share', '/usr/local/lib', '/var/cache', '/var/lib', '/etc/apt', '/etc/cron.d'],
    ...[
      '/etc/containers',
      '/etc/default',
      '/etc/pam.d',
      '/etc/security',
      '/etc/ssh',
      '/etc/ssh/sshd_config.d',
    ],
    ...[
      '/etc/ssl',
      '/etc/ssl/certs',
      '/etc/sudoers.d',
      '/etc/sysctl.d',
      '/etc/systemd',
      '/etc/systemd/system',
    ],
    ...['/etc/systemd/network', '/var/lib/dpkg', '/var/lib/apt', '/var/lib/containers', '/run/systemd'],
  ].map((path): [string, number] => [path, usual]),
  ['/tmp', 0o1777],
  ['/var/tmp', 0o1777],
  ['/root', 0o700],
]);

/** The mode of a directory of the system that is not to look otherwise; undefined for all other paths. */
export const systemMode = (path: string): number | undefined => places.get(path);
