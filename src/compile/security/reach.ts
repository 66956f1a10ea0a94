import { contains, parseCidr } from '#base/cidr.ts';
import { poolOf } from '#plan/machines/pool.ts';
import type { FleetModel } from '#spec/fleet-model.ts';
import type { SecurityGroupModel, SecurityRuleModel } from '#spec/security-model.ts';
import { belongs } from './members.ts';
import { groupsOf, type HostRule, isSsh, saysNothingOfSsh, sshPort } from './rules.ts';

export interface Endpoint {
  /** An IPv4 address. */
  readonly address: string;
  readonly port: number;
}

/** Whether rules let a connection by tcp between a machine and somebody else through. */
export const allows = (
  rules: readonly Pick<HostRule, 'places' | 'ports'>[],
  { address, port }: Endpoint,
): boolean => ruleFor(rules, { address, port }) !== undefined;

/** The first rule that lets it through. */
export function ruleFor<Rule extends Pick<HostRule, 'places' | 'ports'>>(
  rules: readonly Rule[],
  { address, port }: Endpoint,
): Rule | undefined {
  return rules.find(
    ({ places, ports }) =>
      ports.some(({ protocol, from, to }) => protocol === 'tcp' && from <= port && port <= to) &&
      (places === 'any' || places.some((cidr) => holds(cidr, address))),
  );
}

function holds(text: string, address: string): boolean {
  const cidr = parseCidr(text);
  return cidr !== undefined && contains(cidr, address);
}

export interface ClosedSsh {
  readonly machine: string;
  /** The first rule that speaks of ssh there. */
  readonly group: string;
  readonly index: number;
}

/** Machines whose groups speak of ssh and let nobody in but the machine itself. */
export function closedToSsh(fleet: FleetModel, machines: readonly string[]): readonly ClosedSsh[] {
  return machines.flatMap((machine) => {
    const groups = groupsOf({ fleet }, machine);
    if (saysNothingOfSsh(groups)) return [];
    const spoken = groups.flatMap(({ name, inbound }) =>
      inbound.flatMap((rule, index) => (rule.ports.some(isSsh) ? [{ group: name, index, rule }] : [])),
    );
    if (spoken.some(({ rule }) => letsSomebodyIn(fleet, rule, machine, machines))) return [];
    return spoken.slice(0, 1).map(({ group, index }) => ({ machine, group, index }));
  });
}

export interface MovedSsh {
  readonly machine: string;
  readonly port: number;
}

/** Machines whose ssh server is to listen at another port, which their groups open to nobody but the machine itself. */
export function movedSsh(fleet: FleetModel, machines: readonly string[]): readonly MovedSsh[] {
  return machines.flatMap((machine) => {
    const port = Number((poolOf(fleet, machine)?.host ?? fleet.host)?.sshd['Port'] ?? sshPort);
    if (port === sshPort) return [];
    const open = groupsOf({ fleet }, machine)
      .flatMap(({ inbound }) => inbound)
      .some(
        (rule) =>
          rule.ports.some(({ protocol, from, to }) => protocol === 'tcp' && from <= port && port <= to) &&
          letsSomebodyIn(fleet, rule, machine, machines),
      );
    return open ? [] : [{ machine, port }];
  });
}

const letsSomebodyIn = (
  fleet: FleetModel,
  { peers }: SecurityRuleModel,
  machine: string,
  machines: readonly string[],
): boolean =>
  peers.some((peer) => {
    if (peer.kind !== 'group') return true;
    const cidrs = fleet.securityGroups?.[peer.group]?.cidrs ?? [];
    return (
      cidrs.length > 0 || machines.some((other) => other !== machine && belongs(fleet, peer.group, other))
    );
  });

/** The groups of a machine that say what it may reach. */
export const outboundGroups = (fleet: FleetModel, machine: string): readonly SecurityGroupModel[] =>
  groupsOf({ fleet }, machine).filter(({ outbound }) => outbound !== undefined);
