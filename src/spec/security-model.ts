/**
 * A security group: who belongs to it, and what may reach its machines. Computers elsewhere belong to it by their
 * address, machines by their name or because their pool says so. The group `machines` holds all machines.
 */
export interface SecurityGroupModel {
  readonly name: string;
  /** IPv4 networks whose computers belong to it. */
  readonly cidrs: readonly string[];
  /** Patterns of machines' names. */
  readonly machines: readonly string[];
  /** What may reach its machines. */
  readonly inbound: readonly SecurityRuleModel[];
  /** What its machines may reach. Absent: everything, as far as this group goes. */
  readonly outbound?: readonly SecurityRuleModel[];
}

export interface SecurityRuleModel {
  readonly peers: readonly SecurityPeer[];
  readonly ports: readonly PortRange[];
}

export type SecurityPeer =
  | { readonly kind: 'any' }
  | { readonly kind: 'cidr'; readonly cidr: string }
  | { readonly kind: 'group'; readonly group: string };

export interface PortRange {
  readonly protocol: 'tcp' | 'udp';
  readonly from: number;
  readonly to: number;
}

/** The group that holds all machines, whether a file speaks of it or not. */
export const allMachines = 'machines';
