import type { Policy, Release } from '#plan/model.ts';
import { containerSubnet } from '#plan/schedule/address.ts';
import type { GrantModel, MountModel, ServiceModel } from '#spec/model.ts';
import { appDomain, dnsUnit } from './dns.ts';
import { macOf, networkUnit, podmanNetwork } from './network.ts';
import {
  jsonList,
  type QuadletLine,
  type QuadletSection,
  quadletText,
  unexpanded,
  word,
  words,
} from './quadlet-text.ts';
import type { Placed } from './view.ts';

/** Where a secret or config that a service is given lies on the machine. */
export interface GrantedFile {
  readonly grant: GrantModel;
  readonly path: string;
}

export interface ContainerInput {
  readonly policy: Policy;
  readonly placed: Placed;
  readonly files: readonly GrantedFile[];
}

/** The Quadlet file of one replica. */
export function containerText(input: ContainerInput): string {
  const { replica, release } = input.placed;
  return quadletText(
    `Written by Ballast: ${replica.app} release ${release.number}. Changes here are undone.`,
    [
      unitSection(input),
      { name: 'Container', lines: containerLines(input) },
      serviceSection(input.placed.service),
      { name: 'Install', lines: [['WantedBy', 'multi-user.target']] },
    ],
  );
}

function unitSection({ placed: { replica, service, release } }: ContainerInput): QuadletSection {
  const { condition, maxAttempts, windowMs } = service.restart;
  const limited = condition !== 'none' && maxAttempts !== undefined;
  return {
    name: 'Unit',
    lines: [
      [
        'Description',
        unexpanded(`${replica.app} ${replica.service} ${replica.slot} (release ${release.number})`),
      ],
      // Not Requires: a restart of the network's unit must not restart containers.
      ['Wants', `network-online.target ${networkUnit} ${dnsUnit}`],
      ['After', `network-online.target ${networkUnit} ${dnsUnit}`],
      // Without a limit of the app's own, systemd is to try for ever: its default gives up after five failures.
      ['StartLimitIntervalSec', limited ? seconds(windowMs ?? 24 * 3_600_000) : '0'],
      ...(limited ? [['StartLimitBurst', String(maxAttempts + 1)] as const] : []),
    ],
  };
}

function serviceSection(service: ServiceModel): QuadletSection {
  const restart = { none: 'no', 'on-failure': 'on-failure', any: 'always' }[service.restart.condition];
  return {
    name: 'Service',
    lines: [
      ['Restart', restart],
      ['RestartSec', seconds(service.restart.delayMs)],
      ['TimeoutStartSec', '300'],
      // The container's own grace period, and time for podman to clean up after it.
      ['TimeoutStopSec', seconds(service.stopGraceMs + 20_000)],
      ['Environment', 'PODMAN_IGNORE_CGROUPSV1_WARNING=1'],
    ],
  };
}

function containerLines(input: ContainerInput): QuadletLine[] {
  const { replica, service, release } = input.placed;
  return [
    ['ContainerName', replica.id],
    ['Image', service.image ?? ''],
    ['Pull', 'never'],
    ...processLines(service),
    ...Object.entries(service.environment).map(
      ([key, value]) => ['Environment', word(`${key}=${value}`)] as const,
    ),
    ...networkLines(input),
    ...service.mounts.map((mount) => mountLine(mount, release)),
    ...input.files.map(({ grant, path }) => ['Volume', word(`${path}:${grant.target}:ro`)] as const),
    ...healthLines(service),
    ...isolationLines(service),
    ...loggingLines(service),
    ...labelLines(input),
    // One line each: an empty PodmanArgs would undo those before it.
    ...extraArguments(service).map((argument) => ['PodmanArgs', word(argument)] as const),
  ];
}

function processLines(service: ServiceModel): QuadletLine[] {
  const [user, group] = (service.user ?? '').split(':');
  return [
    ...(service.entrypoint ? [['Entrypoint', jsonList(service.entrypoint)] as const] : []),
    ...(service.command && service.command.length > 0 ? [['Exec', words(service.command)] as const] : []),
    ...(user ? [['User', unexpanded(user)] as const] : []),
    ...(group ? [['Group', unexpanded(group)] as const] : []),
    ...service.groupAdd.map((name) => ['GroupAdd', unexpanded(name)] as const),
    ...(service.workingDir ? [['WorkingDir', unexpanded(service.workingDir)] as const] : []),
    ...(service.init ? [['RunInit', 'true'] as const] : []),
    ...(service.stopSignal ? [['StopSignal', service.stopSignal] as const] : []),
    ['StopTimeout', String(Math.ceil(service.stopGraceMs / 1000))],
  ];
}

function networkLines({ policy, placed: { replica, service } }: ContainerInput): QuadletLine[] {
  const hosts = (gateway: string) =>
    service.extraHosts.map(
      ({ name, address }) =>
        ['AddHost', `${name}:${address === 'host-gateway' ? gateway : address}`] as const,
    );
  const machine = policy.machines[replica.machine];
  const { gateway } = containerSubnet(policy.fleet, machine?.index ?? 0);
  if (service.networkMode !== 'bridge') return [['Network', service.networkMode], ...hosts(gateway)];
  const dns = service.dns.length > 0 ? service.dns : [gateway];
  return [
    ['Network', podmanNetwork],
    ['IP', replica.address],
    ['HostName', service.hostname ?? `${replica.app}-${replica.service}-${replica.slot}`],
    ...dns.map((server) => ['DNS', server] as const),
    ...[appDomain(replica.app), ...service.dnsSearch].map((domain) => ['DNSSearch', domain] as const),
    ...service.dnsOpt.map((option) => ['DNSOption', option] as const),
    ...hosts(gateway),
    ['PodmanArgs', `--mac-address=${macOf(replica.address)}`],
  ];
}

function mountLine(mount: MountModel, release: Release): QuadletLine {
  switch (mount.kind) {
    case 'volume': {
      const name = release.model.volumes[mount.volume]?.name ?? mount.volume;
      if (mount.subpath !== undefined) {
        const options = [`type=volume,source=${name},target=${mount.target},subpath=${mount.subpath}`];
        return ['Mount', unexpanded([...options, ...(mount.readOnly ? ['ro'] : [])].join(','))];
      }
      const flags = [mount.readOnly ? 'ro' : 'rw', ...(mount.noCopy ? ['nocopy'] : [])];
      return ['Volume', word(`${name}:${mount.target}:${flags.join(',')}`)];
    }
    case 'anonymous':
      return ['Volume', word(mount.readOnly ? `${mount.target}:ro` : mount.target)];
    case 'bind': {
      const flags = [mount.readOnly ? 'ro' : 'rw', mount.propagation, mount.selinux].filter(Boolean);
      return ['Volume', word(`${mount.source}:${mount.target}:${flags.join(',')}`)];
    }
    case 'tmpfs': {
      const size = mount.sizeBytes === undefined ? [] : [`size=${mount.sizeBytes}`];
      const mode = mount.mode === undefined ? [] : [`mode=${mount.mode.toString(8)}`];
      const options = [...size, ...mode].join(',');
      return ['Tmpfs', unexpanded(options ? `${mount.target}:${options}` : mount.target)];
    }
  }
}

function healthLines(service: ServiceModel): QuadletLine[] {
  const check = service.healthcheck;
  if (check === 'disabled' || service.probe) return [['HealthCmd', 'none']];
  if (!check) return [];
  const test = check.shell ? ['CMD-SHELL', ...check.test] : check.test;
  return [
    ['HealthCmd', jsonList(test)],
    ['HealthInterval', seconds(check.intervalMs)],
    ['HealthTimeout', seconds(check.timeoutMs)],
    ['HealthRetries', String(check.retries)],
    ['HealthStartPeriod', seconds(check.startPeriodMs)],
  ];
}

function isolationLines(service: ServiceModel): QuadletLine[] {
  const noNewPrivileges = /^no-new-privileges(:true)?$/;
  return [
    ...(service.readOnly ? [['ReadOnly', 'true'] as const] : []),
    ...service.capAdd.map((name) => ['AddCapability', name] as const),
    ...service.capDrop.map((name) => ['DropCapability', name] as const),
    ...(service.securityOpt.some((option) => noNewPrivileges.test(option))
      ? [['NoNewPrivileges', 'true'] as const]
      : []),
    ...service.securityOpt
      .filter((option) => !noNewPrivileges.test(option))
      .map((option) => ['PodmanArgs', word(`--security-opt=${option}`)] as const),
    ...Object.entries(service.sysctls).map(([key, value]) => ['Sysctl', word(`${key}=${value}`)] as const),
    ...Object.entries(service.ulimits).map(
      ([key, { soft, hard }]) => ['Ulimit', `${key}=${soft}:${hard}`] as const,
    ),
    ...service.devices.map(
      ({ source, target, permissions }) =>
        ['AddDevice', unexpanded(`${source}:${target}:${permissions}`)] as const,
    ),
    ...(service.shmSizeBytes === undefined ? [] : [['ShmSize', String(service.shmSizeBytes)] as const]),
  ];
}

function loggingLines({ logging }: ServiceModel): QuadletLine[] {
  return [
    ['LogDriver', logging?.driver ?? 'journald'],
    ...Object.entries(logging?.options ?? {}).map(
      ([key, value]) => ['LogOpt', word(`${key}=${value}`)] as const,
    ),
  ];
}

function labelLines({ placed: { replica, service } }: ContainerInput): QuadletLine[] {
  const labels = {
    ...service.labels,
    'ballast.app': replica.app,
    'ballast.service': replica.service,
    'ballast.slot': String(replica.slot),
    'ballast.release': String(replica.release),
  };
  return [
    ...Object.entries(labels).map(([key, value]) => ['Label', word(`${key}=${value}`)] as const),
    ...Object.entries(service.annotations).map(
      ([key, value]) => ['Annotation', word(`${key}=${value}`)] as const,
    ),
  ];
}

/** What Quadlet has no key for. Limits are the payload's alone, so that podman's helpers are not killed by them. */
function extraArguments(service: ServiceModel): readonly string[] {
  const { limits, reservations } = service.deploy;
  const pids = limits.pids ?? service.pidsLimit;
  return [
    ...(limits.memoryBytes === undefined ? [] : [`--memory=${limits.memoryBytes}`]),
    ...(reservations.memoryBytes === undefined ? [] : [`--memory-reservation=${reservations.memoryBytes}`]),
    ...(limits.cpus === undefined ? [] : [`--cpus=${limits.cpus}`]),
    ...(pids === undefined ? [] : [`--pids-limit=${pids}`]),
    ...(service.oomScoreAdj === undefined ? [] : [`--oom-score-adj=${service.oomScoreAdj}`]),
    ...(service.privileged ? ['--privileged'] : []),
    ...(service.tty ? ['--tty'] : []),
    ...(service.stdinOpen ? ['--interactive'] : []),
  ];
}

const seconds = (ms: number): string => `${Math.max(0, ms) / 1000}s`;
