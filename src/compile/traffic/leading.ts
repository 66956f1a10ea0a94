import { chain, map, type NftObject } from '#compile/nft/objects.ts';
import type { ServedService } from '#compile/view.ts';
import type { PortModel } from '#spec/model.ts';
import type { PortRange } from '#spec/security-model.ts';
import type { Grant } from './grants.ts';
import { grantRules, refusal } from './rules.ts';
import type { NetService } from './services.ts';
import type { SharedTable } from './table.ts';

const vipChain = (key: string): string => `vip-${key}`;

/** New connections to a virtual address take turns over the replicas that serve. */
export function balancing(services: readonly NetService[]): readonly NftObject[] {
  const led = services.filter(({ virtual }) => virtual.length > 0);
  return [
    ...led.map(({ key, serving }) =>
      chain(vipChain(key), [{ kind: 'spread', to: serving.map(({ address }) => address).sort() }]),
    ),
    map(
      'vips',
      'ipv4_addr',
      led.flatMap(({ key, virtual }) => virtual.map((address) => `${address} : goto ${vipChain(key)}`)),
    ),
  ];
}

interface PublishedPort {
  readonly key: string;
  readonly port: PortModel;
  readonly to: readonly string[];
}

/**
 * Published ports that this machine answers, and by which replicas. While one service takes a port over from another,
 * that of the newer release has it: a map knows each port once.
 */
export function publishedPorts(served: readonly ServedService[], machine: string): readonly PublishedPort[] {
  const all = served
    .toSorted((a, b) => a.release.number - b.release.number)
    .flatMap(({ app, service, replicas }) => {
      if (service.networkMode !== 'bridge') return [];
      return service.ports.flatMap((port) => {
        const answering = port.mode === 'host' ? replicas.filter((one) => one.machine === machine) : replicas;
        const to = answering.map(({ address }) => address).sort();
        return to.length === 0 ? [] : [{ key: `${app}/${service.name}`, port, to }];
      });
    });
  const place = ({ port }: PublishedPort): string => `${at(port)} ${port.protocol} ${port.published}`;
  return [...new Map(all.map((one) => [place(one), one])).values()];
}

/** Published ports take turns over the replicas that answer them, once it is known that they may be used. */
export function publishing(
  { traffic, inbound }: SharedTable,
  ports: readonly PublishedPort[],
): readonly NftObject[] {
  const name = ({ key, port }: PublishedPort): string =>
    `port-${key}-${port.published}-${port.protocol}${at(port)}`;
  const narrowed = ports.filter(({ key }) => traffic.services.get(key)?.model.inbound !== undefined);
  return [
    ...ports.map((one) =>
      chain(name(one), [
        { kind: 'spread', to: one.to, port: { protocol: one.port.protocol, number: one.port.target } },
      ]),
    ),
    ...narrowed.map((one) =>
      chain(`only-${name(one)}`, [
        ...(inbound.get(one.key) ?? []).flatMap((grant) =>
          grantRules(outsideGrant(grant, one.port), 'saddr', 'accept'),
        ),
        ...refusal(`refused ${one.key}`),
      ]),
    ),
    ...byPort('published', ports, name),
    ...byPort('published_only', narrowed, (one) => `only-${name(one)}`),
  ];
}

/** Two maps to chains: for ports that any address of the machine answers, and for those of one address. */
function byPort(
  name: string,
  ports: readonly PublishedPort[],
  chainOf: (one: PublishedPort) => string,
): readonly NftObject[] {
  const element = (one: PublishedPort): string =>
    `${one.port.protocol} . ${one.port.published} : goto ${chainOf(one)}`;
  const anywhere = ports.filter(({ port }) => at(port) === '');
  const somewhere = ports.filter(({ port }) => at(port) !== '');
  return [
    map(name, 'inet_proto . inet_service', anywhere.map(element)),
    map(
      `${name}_at`,
      'ipv4_addr . inet_proto . inet_service',
      somewhere.map((one) => `${at(one.port)} . ${element(one)}`),
    ),
  ];
}

const at = ({ hostIp }: PortModel): string => (hostIp === undefined || hostIp === '0.0.0.0' ? '' : hostIp);

/** A grant for the container's port, as one for the port that the machine answers in its place. */
function outsideGrant(grant: Grant, { protocol, target, published }: PortModel): Grant {
  const own: PortRange = { protocol, from: published, to: published };
  const covers = grant.ports.some(
    (range) => range.protocol === protocol && range.from <= target && target <= range.to,
  );
  if (grant.ports.length > 0 && !covers) return { ...grant, whom: { kind: 'cidrs', cidrs: [] } };
  return { ...grant, ports: [own] };
}
