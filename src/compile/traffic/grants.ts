import { must } from '#base/assert.ts';
import { showOrigin } from '#base/result.ts';
import { belongs } from '#compile/security/members.ts';
import type { PortRange } from '#spec/security-model.ts';
import type { TrafficPeer, TrafficRuleModel } from '#spec/traffic-model.ts';
import type { NetService } from './services.ts';
import type { Traffic } from './traffic.ts';

/** One reason why a connection of a service is let through. */
export interface Grant {
  /** Who it comes from, or where it goes to. */
  readonly whom: Whom;
  /** None: all ports, of all protocols. */
  readonly ports: readonly PortRange[];
  /** What stands beside the rule, and by which its counter is found: `network shop_default`, `shop/web inbound 0`. */
  readonly comment: string;
  /** `file:line:column`, or the release that asked. */
  readonly origin: string;
}

export type Whom =
  | { readonly kind: 'any' }
  /** Name of a set of `setsOf`. */
  | { readonly kind: 'set'; readonly set: string }
  | { readonly kind: 'cidrs'; readonly cidrs: readonly string[] };

export const machinesSet = 'machines';
export const ingressSet = 'ingress';
export const networkSet = (name: string): string => `net-${name}`;
/** Containers of a service, as those who call. */
export const membersSet = (key: string): string => `svc-${key}`;
/** All addresses of a service, as those who are called. */
export const addressesSet = (key: string): string => `to-${key}`;

/**
 * Who may reach a service: whoever shares a Compose network with it, or whom its `inbound` names and nobody else;
 * machines that took a connection to one of its published ports, and those by which the world reaches it by name.
 */
export function inboundGrants(traffic: Traffic, service: NetService): readonly Grant[] {
  const { model } = service;
  const asked = model.inbound?.flatMap((rule, n) => ruleGrants(traffic, service, rule, 'inbound', n));
  return [...(asked ?? networkGrants(service)), ...publishedGrants(service), ...ingressGrants(service)];
}

/** What a service may reach; undefined: nobody asked, so whatever lets it in, and the world. */
export const outboundGrants = (traffic: Traffic, service: NetService): readonly Grant[] | undefined =>
  service.model.outbound?.flatMap((rule, n) => ruleGrants(traffic, service, rule, 'outbound', n));

const networkGrants = ({ model, release, ...service }: NetService): readonly Grant[] =>
  Object.keys(model.networks)
    .sort()
    .map((key) => {
      const { name } = must(release.model.networks[key], `network ${key}`);
      const at = release.origins[`networks.${key}`];
      return {
        whom: { kind: 'set', set: networkSet(name) },
        ports: [],
        comment: `network ${name}`,
        origin: at ? showOrigin(at) : originOf({ release, model, ...service }, '.networks'),
      };
    });

/** From machines of the fleet: they send on, with their own address, what came to the port from elsewhere. */
function publishedGrants(service: NetService): readonly Grant[] {
  return service.model.ports.flatMap(({ mode, protocol, target, published }, n) =>
    mode === 'ingress'
      ? [
          {
            whom: { kind: 'set', set: machinesSet },
            ports: [{ protocol, from: target, to: target }],
            comment: `port ${published}/${protocol}`,
            origin: originOf(service, `.ports.${n}`),
          },
        ]
      : [],
  );
}

function ingressGrants(service: NetService): readonly Grant[] {
  return (service.model.ingress ?? []).map(({ hosts, pathPrefix, port }, n) => ({
    whom: { kind: 'set', set: ingressSet },
    ports: [{ protocol: 'tcp', from: port, to: port }],
    comment: `ingress ${hosts[0] ?? ''}${pathPrefix}`,
    origin: originOf(service, `.x-ballast.ingress.${n}`),
  }));
}

function ruleGrants(
  traffic: Traffic,
  service: NetService,
  { peers, ports }: TrafficRuleModel,
  direction: 'inbound' | 'outbound',
  index: number,
): readonly Grant[] {
  const rest = {
    ports,
    comment: `${service.key} ${direction} ${index}`,
    origin: originOf(service, `.x-ballast.${direction}.${index}`),
  };
  return wholes(peers.map((peer) => whomOf(traffic, service, peer, direction))).map((whom) => ({
    whom,
    ...rest,
  }));
}

/** Networks of several peers are one set; with `any` among them nothing else counts. */
function wholes(whoms: readonly Whom[]): readonly Whom[] {
  if (whoms.some(({ kind }) => kind === 'any')) return [{ kind: 'any' }];
  const cidrs = whoms.flatMap((whom) => (whom.kind === 'cidrs' ? whom.cidrs : []));
  const sets = whoms.filter(({ kind }) => kind === 'set');
  return cidrs.length === 0 ? sets : [...sets, { kind: 'cidrs', cidrs }];
}

function whomOf(
  { policy: { fleet }, machines }: Traffic,
  { app }: NetService,
  peer: TrafficPeer,
  direction: 'inbound' | 'outbound',
): Whom {
  switch (peer.kind) {
    case 'any':
      return peer;
    case 'cidr':
      return { kind: 'cidrs', cidrs: [peer.cidr] };
    case 'ingress':
      return { kind: 'set', set: ingressSet };
    case 'machines':
      return { kind: 'set', set: machinesSet };
    case 'service': {
      const key = `${peer.app ?? app}/${peer.service}`;
      return { kind: 'set', set: direction === 'inbound' ? membersSet(key) : addressesSet(key) };
    }
    case 'group': {
      const own = machines.filter(({ name }) => belongs(fleet, peer.group, name));
      const addresses = own.flatMap(({ address, gateway }) => [`${address}/32`, `${gateway}/32`]);
      return { kind: 'cidrs', cidrs: [...(fleet.securityGroups?.[peer.group]?.cidrs ?? []), ...addresses] };
    }
  }
}

function originOf({ key, model, release }: NetService, part: string): string {
  const path = `services.${model.name}`;
  const at = release.origins[`${path}${part}`] ?? release.origins[path];
  return at ? showOrigin(at) : `${key} release ${release.number}`;
}
