import type { PortRange } from '#spec/security-model.ts';

/** How often a rule was met, by what stands beside it in the machine's table. */
export interface FirewallCounter {
  readonly comment: string;
  readonly packets: number;
  readonly bytes: number;
}

/** What a machine says of its own firewall. */
export interface FirewallState {
  /** None: the table is not there. */
  readonly counters: readonly FirewallCounter[];
  /** Ports of tcp that something listens on for other computers. */
  readonly listening: readonly number[];
}

export interface FirewallRuleView {
  readonly direction: 'in' | 'out';
  /** What people called the places, or what the fleet needs it for. */
  readonly who: string;
  /** Networks in CIDR form. */
  readonly places: readonly string[] | 'any';
  readonly ports: readonly PortRange[];
  /** `file:line:column`, or the part of Ballast that asked. */
  readonly origin: string;
  /** Null when the machine did not say. */
  readonly packets: number | null;
  readonly bytes: number | null;
}

export interface FirewallView {
  readonly machine: string;
  readonly address: string;
  readonly connected: boolean;
  readonly rules: readonly FirewallRuleView[];
  /** Whether what the machine itself sends is judged. */
  readonly shutIn: boolean;
  /** What was refused, with its counters; empty when the machine did not say. */
  readonly refused: readonly FirewallCounter[];
  /** Ports of tcp that something listens on; null when the machine did not say. */
  readonly listening: readonly number[] | null;
  /** Ports of tcp that are led to replicas. */
  readonly published: readonly number[];
}

/** How a connection by tcp ended: nobody answered in time when it is `silent`. */
export type ProbeOutcome = 'open' | 'refused' | 'silent' | 'unreachable';

export interface ProbeTarget {
  readonly address: string;
  readonly port: number;
}

export interface ProbeResult extends ProbeTarget {
  readonly outcome: ProbeOutcome;
}
