import type { Problem } from '#base/result.ts';
import type { PortModel } from '#spec/model.ts';
import type { Plan, Release } from './model.ts';

export interface PortName {
  readonly protocol: 'tcp' | 'udp';
  readonly port: number;
}

/** A process of a machine that waits on a port for other computers. */
export interface Listener extends PortName {
  /** `0.0.0.0` and `::` stand for all. */
  readonly address: string;
  /** Absent: it could not be found out. */
  readonly process?: string;
  readonly pid?: number;
  /** The unit of systemd that it belongs to. */
  readonly unit?: string;
}

interface Published {
  readonly service: string;
  readonly index: number;
  readonly port: PortModel;
}

const published = ({ model }: Pick<Release, 'model'>): readonly Published[] =>
  Object.values(model.services).flatMap(({ name, ports }) =>
    ports.map((port, index) => ({ service: name, index, port })),
  );

const keyOf = ({ published: port, protocol, hostIp = '' }: PortModel): string =>
  `${hostIp} ${port}/${protocol}`;

/** Published ports of a release that none of those before it has: what is published already is not asked for again. */
export function newPorts(
  release: Pick<Release, 'model'>,
  before: readonly Pick<Release, 'model'>[],
): readonly Published[] {
  const known = new Set(before.flatMap(published).map(({ port }) => keyOf(port)));
  return published(release).filter(({ port }) => !known.has(keyOf(port)));
}

export interface Heard {
  readonly machine: string;
  readonly found: readonly Listener[];
}

/**
 * Ports that a release is to publish and that a process of a machine has, which would hear nothing any more. `plan` says
 * where the replicas would be: a port of mode `host` answers there only.
 */
export function heldPorts(
  release: Release,
  { asked, heard, plan }: { asked: readonly Published[]; heard: readonly Heard[]; plan: Plan },
): readonly Problem[] {
  const { origins } = release;
  return asked.flatMap(({ service, index, port }): readonly Problem[] => {
    const holders = heard.flatMap(({ machine, found }) => {
      if (port.mode === 'host' && !runsOn(plan, release.app, service, machine)) return [];
      const holder = found.find((one) => holds(one, port));
      return holder === undefined ? [] : [{ machine, holder }];
    });
    const [first] = holders;
    if (first === undefined) return [];
    const at = origins[`services.${service}.ports.${index}`] ?? origins[`services.${service}.ports`];
    const free = port.published < 1024 ? port.published + 8000 : port.published + 1;
    return [
      {
        code: 'plan/port-held',
        what: `port ${port.published}/${port.protocol} of service ${service} is taken ${listed(holders)}`,
        why: 'connections to a published port are led to the replicas: that process would get none any more',
        fix: `publish another port, for example "${free}:${port.target}${port.protocol === 'udp' ? '/udp' : ''}", or ${ending(first)}`,
        ...(at ? { at } : {}),
      },
    ];
  });
}

const runsOn = ({ replicas }: Plan, app: string, service: string, machine: string): boolean =>
  Object.values(replicas).some(
    (one) => one.app === app && one.service === service && one.machine === machine,
  );

function holds({ protocol, port, address }: Listener, wanted: PortModel): boolean {
  if (protocol !== wanted.protocol || port !== wanted.published) return false;
  const everywhere = ['0.0.0.0', '::'];
  const { hostIp = '0.0.0.0' } = wanted;
  return everywhere.includes(address) || everywhere.includes(hostIp) || address === hostIp;
}

interface Holder {
  readonly machine: string;
  readonly holder: Listener;
}

const mostNamed = 3;

/** `on app-1 by nginx (pid 812, nginx.service)`; of many, the first. */
export function listed(holders: readonly Holder[]): string {
  const named = holders
    .slice(0, mostNamed)
    .map(({ machine, holder }) => `on ${machine} by ${showProcess(holder)}`);
  const more = holders.length > mostNamed ? ` and on ${holders.length - mostNamed} more machines` : '';
  return `${named.join(', ')}${more}`;
}

function showProcess({ process, pid, unit }: Listener): string {
  if (process === undefined) return 'a process that cannot be seen';
  const about = [...(pid === undefined ? [] : [`pid ${pid}`]), ...(unit === undefined ? [] : [unit])];
  return about.length === 0 ? process : `${process} (${about.join(', ')})`;
}

export const ending = ({ machine, holder: { unit } }: Holder): string =>
  unit?.endsWith('.service')
    ? `stop that one: systemctl disable --now ${unit} on ${machine}`
    : `end that process on ${machine}`;
