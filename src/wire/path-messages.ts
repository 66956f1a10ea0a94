import type { FirewallCounter, ProbeOutcome } from './firewall-views.ts';

/** What a machine is asked about the ways between containers. The answer of the same kind, or why there is none. */
export type PathQuestion =
  /** A real connection by tcp, from inside a replica's network or, without one, from the machine itself. */
  | {
      readonly kind: 'connect';
      readonly replica?: string;
      readonly address: string;
      readonly port: number;
    }
  /** Asks the name servers of a replica's container, as a process in it would. */
  | { readonly kind: 'resolve'; readonly replica: string; readonly name: string }
  /** Ports of tcp that processes of a replica's container listen on for others. */
  | { readonly kind: 'listening'; readonly replica: string; readonly address: string }
  /** By which link the machine sends to an address. */
  | { readonly kind: 'route'; readonly address: string }
  /** What a map of the machine's table `ballast` holds for an address, and the rules of the chain it leads to. */
  | { readonly kind: 'lookup'; readonly map: string; readonly address: string }
  /** How often the rules of the table `ballast` were met. */
  | { readonly kind: 'counters' }
  /** The machine's neighbours by WireGuard. */
  | { readonly kind: 'mesh' };

export type PathAnswer =
  | { readonly kind: 'connect'; readonly outcome: ProbeOutcome; readonly ms: number }
  /** `trouble`: why nobody answered; an answer without addresses has none. */
  | {
      readonly kind: 'resolve';
      readonly servers: readonly string[];
      readonly addresses: readonly string[];
      readonly trouble?: string;
    }
  | { readonly kind: 'listening'; readonly ports: readonly number[] }
  /** Null: there is none, or none but the way to the world. */
  | { readonly kind: 'route'; readonly link: string | null }
  /** Null: the map, or the chain it leads to, is not there. */
  | { readonly kind: 'lookup'; readonly chain: string | null; readonly rules: readonly string[] }
  | { readonly kind: 'counters'; readonly counters: readonly FirewallCounter[] }
  | { readonly kind: 'mesh'; readonly neighbours: readonly MeshNeighbour[] }
  | { readonly kind: 'failed'; readonly why: string };

export interface MeshNeighbour {
  /** Networks in CIDR form. */
  readonly networks: readonly string[];
  /** Time since the last handshake; null: there was none. */
  readonly handshakeMs: number | null;
}
