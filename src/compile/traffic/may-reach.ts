import { contains, parseCidr } from '#base/cidr.ts';
import { showOrigin } from '#base/result.ts';
import type { PortRange } from '#spec/security-model.ts';
import { type Grant, inboundGrants, outboundGrants } from './grants.ts';
import type { NetService } from './services.ts';
import type { NetMachine, Traffic } from './traffic.ts';

/** Somebody who opens a connection, with the address by which that is judged. */
export type Caller =
  | { readonly kind: 'service'; readonly service: NetService; readonly address: string }
  | { readonly kind: 'machine'; readonly machine: NetMachine }
  /** A computer that is none of the fleet's. */
  | { readonly kind: 'outside'; readonly address: string };

export interface Callee {
  readonly service: NetService;
  /** The service's virtual address, or that of one of its containers. */
  readonly address: string;
  /** Where that container runs. */
  readonly machine?: string;
  readonly protocol: PortRange['protocol'];
  readonly port: number;
}

export interface Judgement {
  readonly allowed: boolean;
  /** What lets it through or stands against it, as a person would say it. */
  readonly words: string;
  /** `file:line:column` of that; empty: no line says it. */
  readonly origin: string;
}

export type Sets = ReadonlyMap<string, readonly string[]>;

/** Whether a connection is let through, and by which line: read from the same grants as the machines' tables. */
export function mayReach(traffic: Traffic, sets: Sets, from: Caller, to: Callee): Judgement {
  // What a container sends to its own address never leaves it.
  if (from.kind === 'service' && from.address === to.address)
    return { allowed: true, words: 'a container reaches itself', origin: '' };
  if (from.kind === 'service') {
    const out = outboundGrants(traffic, from.service);
    if (out !== undefined && grantOf(out, sets, to.address, to) === undefined)
      return shutOut(from.service, 'outbound', `${from.service.key} may reach only what its outbound names`);
  }
  if (from.kind === 'machine' && to.machine === from.machine.name)
    return { allowed: true, words: 'a machine reaches the containers it runs', origin: '' };
  const source = from.kind === 'machine' ? from.machine.gateway : from.address;
  const grant = grantOf(inboundGrants(traffic, to.service), sets, source, to);
  if (grant !== undefined) return { allowed: true, words: grant.comment, origin: grant.origin };
  if (to.service.model.inbound !== undefined)
    return shutOut(to.service, 'inbound', `${to.service.key} lets in only whom its inbound names`);
  return {
    allowed: false,
    words:
      from.kind === 'service'
        ? `${from.service.key} and ${to.service.key} have no network in common`
        : `no rule of ${to.service.key} names ${from.kind === 'machine' ? 'machines' : source}`,
    origin: '',
  };
}

/** The first grant that holds for an address and a port. */
function grantOf(
  grants: readonly Grant[],
  sets: Sets,
  address: string,
  { protocol, port }: Pick<Callee, 'protocol' | 'port'>,
): Grant | undefined {
  return grants.find(
    ({ whom, ports }) =>
      (ports.length === 0 ||
        ports.some((range) => range.protocol === protocol && range.from <= port && port <= range.to)) &&
      isMeant(whom, sets, address),
  );
}

function isMeant(whom: Grant['whom'], sets: Sets, address: string): boolean {
  switch (whom.kind) {
    case 'any':
      return true;
    case 'set':
      return sets.get(whom.set)?.includes(address) ?? false;
    case 'cidrs':
      return whom.cidrs.some((text) => {
        const cidr = parseCidr(text);
        return cidr !== undefined && contains(cidr, address);
      });
  }
}

function shutOut({ model, release }: NetService, side: 'inbound' | 'outbound', words: string): Judgement {
  const path = `services.${model.name}`;
  const at = release.origins[`${path}.x-ballast.${side}`] ?? release.origins[path];
  return { allowed: false, words, origin: at === undefined ? '' : showOrigin(at) };
}

/** How a connection from elsewhere to a published port is judged: as one to the container's own port. */
export function mayUsePort(
  traffic: Traffic,
  sets: Sets,
  address: string,
  { service, target, protocol }: PublishedPort,
): Judgement {
  const own = service.model.ports.findIndex((port) => port.target === target && port.protocol === protocol);
  const path = `services.${service.model.name}`;
  const at = service.release.origins[`${path}.ports.${own}`] ?? service.release.origins[path];
  if (service.model.inbound === undefined)
    return {
      allowed: true,
      words: 'a published port is open to all',
      origin: at === undefined ? '' : showOrigin(at),
    };
  const to = { service, address, protocol, port: target };
  return mayReach(traffic, sets, { kind: 'outside', address }, to);
}

interface PublishedPort {
  readonly service: NetService;
  /** The container's own port. */
  readonly target: number;
  readonly protocol: PortRange['protocol'];
}
