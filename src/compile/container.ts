import { digestOf } from '#base/digest.ts';
import type { Policy, Replica } from '#plan/model.ts';
import { containerSubnet } from '#plan/schedule/address.ts';
import type { GrantModel, ServiceModel } from '#spec/model.ts';
import { checkUpdate, healthLines } from './container-health.ts';
import { confinementLines } from './container-isolation.ts';
import { limitLines } from './container-limits.ts';
import { mountLine, sourceChecks } from './container-mounts.ts';
import { dnsUnit } from './dns.ts';
import { appDomain } from './names.ts';
import { macOf, networkUnit, podmanNetwork } from './network.ts';
import {
  argumentLine,
  execVariables,
  execWords,
  jsonList,
  type QuadletLine,
  type QuadletSection,
  quadletText,
  seconds,
  unexpanded,
  word,
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
      serviceSection(input),
      { name: 'Install', lines: [['WantedBy', wantedBy(input.placed.replica)]] },
    ],
  );
}

/** The start of the one whose network it shares brings it along: systemd stopped it together with that. */
const wantedBy = ({ beside }: Replica): string =>
  beside === undefined ? 'multi-user.target' : `multi-user.target ${beside}.service`;

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
      ...(replica.beside === undefined
        ? []
        : ([
            // Not without the other one, whose network goes with it.
            ['BindsTo', `${replica.beside}.service`],
            ['After', `${replica.beside}.service`],
          ] as const)),
      // Not Requires: a restart of the network's unit must not restart containers.
      ['Wants', `network-online.target ${networkUnit} ${dnsUnit}`],
      ['After', `network-online.target ${networkUnit} ${dnsUnit}`],
      // Without a limit of the app's own, systemd is to try for ever: its default gives up after five failures.
      ['StartLimitIntervalSec', limited ? seconds(windowMs ?? 24 * 3_600_000) : '0'],
      ...(limited ? [['StartLimitBurst', String(maxAttempts + 1)] as const] : []),
    ],
  };
}

function serviceSection({ placed: { replica, service } }: ContainerInput): QuadletSection {
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
      ...execVariables(service.command ?? []),
      ...sourceChecks(service.mounts),
      ...checkUpdate(service, replica.id),
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
    ...input.files.map(({ grant, path }) => ['Volume', unexpanded(`${path}:${grant.target}:ro`)] as const),
    ...healthLines(service),
    ...confinementLines(service),
    ...limitLines(service),
    ...loggingLines(service),
    ...labelLines(input),
  ];
}

function processLines(service: ServiceModel): QuadletLine[] {
  const [user, group] = (service.user ?? '').split(':');
  return [
    ...(service.entrypoint ? [['Entrypoint', jsonList(service.entrypoint)] as const] : []),
    ...(service.command && service.command.length > 0 ? [['Exec', execWords(service.command)] as const] : []),
    ...(user ? [['User', unexpanded(user)] as const] : []),
    ...(group ? [['Group', unexpanded(group)] as const] : []),
    ...service.groupAdd.map((name) => ['GroupAdd', unexpanded(name)] as const),
    ...(service.workingDir ? [['WorkingDir', unexpanded(service.workingDir)] as const] : []),
    ...(service.init ? [['RunInit', 'true'] as const] : []),
    ...(service.tty ? [argumentLine('--tty')] : []),
    ...(service.stdinOpen ? [argumentLine('--interactive')] : []),
    ...(service.stopSignal ? [['StopSignal', service.stopSignal] as const] : []),
    ['StopTimeout', String(Math.ceil(service.stopGraceMs / 1000))],
  ];
}

/** At most 63 characters, as a host name must be; a longer one is cut and told apart by its digest. */
const hostName = ({ app, service, slot }: Pick<Replica, 'app' | 'service' | 'slot'>): string =>
  shortened(`${app}-${service}-${slot}`);

const shortened = (name: string): string =>
  name.length <= 63 ? name : `${name.slice(0, 50)}-${digestOf(name)}`;

function networkLines({ policy, placed }: ContainerInput): QuadletLine[] {
  const { replica, service } = placed;
  if (replica.beside !== undefined) return sharedNetworkLines(placed);
  const { gateway } = containerSubnet(policy.fleet, policy.machines[replica.machine]?.index ?? 0);
  const bridged = service.networkMode === 'bridge';
  const hosts = service.extraHosts.map(
    ({ name, address }) => ['AddHost', `${name}:${address === 'host-gateway' ? gateway : address}`] as const,
  );
  const hostname = service.hostname ?? (bridged ? hostName(replica) : undefined);
  const dns = service.dns.length > 0 || !bridged ? service.dns : [gateway];
  const search = bridged ? [appDomain(replica.app), ...service.dnsSearch] : service.dnsSearch;
  return [
    ['Network', bridged ? podmanNetwork : service.networkMode],
    ...(bridged ? [['IP', replica.address] as const] : []),
    // A container that shares the machine's name cannot have one of its own.
    ...(hostname === undefined || service.uts === 'host' ? [] : [['HostName', hostname] as const]),
    ...dns.map((server) => ['DNS', server] as const),
    ...search.map((domain) => ['DNSSearch', unexpanded(domain)] as const),
    ...service.dnsOpt.map((option) => ['DNSOption', unexpanded(option)] as const),
    ...hosts,
    ...(bridged ? [argumentLine(`--mac-address=${macOf(replica.address)}`)] : []),
  ];
}

/** Who shares a network bears the name that is known on it. */
function sharedNetworkLines({ replica, service, release }: Placed): QuadletLine[] {
  const owner = release.model.services[service.networkOf ?? ''];
  const name = hostName({ ...replica, service: owner?.name ?? replica.service });
  return [
    ['Network', `container:${replica.beside}`],
    ...(owner?.networkMode === 'bridge' && owner.uts !== 'host' && service.uts !== 'host'
      ? [['HostName', owner.hostname ?? name] as const]
      : []),
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
