import { nspawnName } from './names.ts';
import { type MachinePaths, type MachineRecord } from './record.ts';

export const bridge = 'br0';

/** Where the directory `signals` is seen from inside a machine. */
export const signalsInside = '/run/ballast-local';

/**
 * The command that boots a machine. It enters the cgroups by their `cgroup.procs` files first, then the fleet's
 * network namespace. Every step replaces the one before, so the process that is started is nspawn in the end, and
 * it dies with the supervisor that started it.
 */
export function bootArgv(
  record: MachineRecord,
  paths: MachinePaths,
  cgroupProcs: readonly string[],
  namespace: string,
): string[] {
  return [
    ...enterCgroupsArgv(cgroupProcs),
    ...['setpriv', '--pdeathsig', 'KILL', '--'],
    ...['nsenter', `--net=/run/netns/${namespace}`, '--'],
    'systemd-nspawn',
    '--quiet',
    '--register=no',
    '--keep-unit',
    '--console=pipe',
    '--link-journal=no',
    '--resolv-conf=off',
    '--timezone=off',
    `--machine=${nspawnName(record.address)}`,
    `--hostname=${record.name}`,
    `--directory=${paths.root}`,
    `--network-bridge=${bridge}`,
    `--bind=${escaped(paths.containers)}:/var/lib/containers`,
    `--bind=${escaped(paths.signals)}:${signalsInside}`,
    '--capability=all',
    '--drop-capability=CAP_SYS_MODULE,CAP_SYS_TIME,CAP_SYS_RAWIO',
    '--system-call-filter=@keyring bpf',
    '/usr/local/sbin/local-boot',
  ];
}

/** Enters the cgroups, then becomes the command that follows. */
export function enterCgroupsArgv(cgroupProcs: readonly string[]): string[] {
  const script = 'while [ "$1" != -- ]; do echo $$ >"$1" || exit 125; shift; done; shift; exec "$@"';
  return ['sh', '-c', script, 'sh', ...cgroupProcs, '--'];
}

/** Nothing of this computer's environment is meant for a machine. */
const insideEnvironment = [
  'HOME=/root',
  'LC_ALL=C.UTF-8',
  'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  'PODMAN_IGNORE_CGROUPSV1_WARNING=1',
];

/** Runs a command in a running machine, given the process that is its process 1. */
export function enterArgv(leader: number, cgroupProcs: readonly string[]): string[] {
  return [
    ...enterCgroupsArgv(cgroupProcs),
    ...['nsenter', `--target=${leader}`, '--mount', '--uts', '--ipc', '--net', '--pid', '--cgroup'],
    ...['--root', '--wd', '--', 'env', '--ignore-environment', ...insideEnvironment],
  ];
}

/** Options of the overlay that is a machine's root. */
export function overlayOptions(record: MachineRecord, paths: MachinePaths): string {
  const lower = record.lower.map((dir) => dir.replace(/[\\:]/g, '\\$&')).join(':');
  return `lowerdir=${lower},upperdir=${paths.upper},workdir=${paths.work}`;
}

const escaped = (path: string): string => path.replace(/[\\:]/g, '\\$&');
