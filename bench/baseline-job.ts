/** What every machine is to hold: the same for Ballast and for its peer. */
export interface Job {
  readonly packages: readonly string[];
  readonly files: readonly { readonly path: string; readonly content: string }[];
  readonly sysctls: readonly { readonly key: string; readonly value: string }[];
  readonly users: readonly string[];
  /** Services that sleep, and are on. */
  readonly units: readonly string[];
}

const unitText = '[Service]\nExecStart=/bin/sleep infinity\n[Install]\nWantedBy=multi-user.target\n';

/** `files` files, five settings, three accounts, two services and five packages that are there already. */
export function jobOf(files: number): Job {
  const units = ['bench-one.service', 'bench-two.service'];
  return {
    packages: ['ca-certificates', 'curl', 'less', 'procps', 'sudo'],
    files: [
      ...Array.from({ length: files }, (_, n) => ({
        path: `/etc/bench/file-${n}`,
        content: `number ${n}\n`.repeat(20),
      })),
      ...units.map((name) => ({ path: `/etc/systemd/system/${name}`, content: unitText })),
    ],
    sysctls: [
      'tcp_fin_timeout',
      'tcp_keepalive_time',
      'tcp_max_syn_backlog',
      'tcp_syn_retries',
      'tcp_retries2',
    ].map((name, n) => ({ key: `net.ipv4.${name}`, value: String(10 + n) })),
    users: ['ana', 'ben', 'cem'],
    units,
  };
}

/** The job as the `host` section of a fleet file. */
export const hostSection = ({ packages, files, sysctls, users, units }: Job): unknown => ({
  packages,
  directories: { '/etc/bench': { mode: '0755' } },
  files: Object.fromEntries(
    files.filter(({ path }) => path.startsWith('/etc/bench')).map(({ path, content }) => [path, { content }]),
  ),
  sysctl: Object.fromEntries(sysctls.map(({ key, value }) => [key, value])),
  users: Object.fromEntries(users.map((name) => [name, { shell: '/bin/sh' }])),
  units: Object.fromEntries(units.map((name) => [name, { content: unitText }])),
});
