import type { DriftModel } from './drift-model.ts';
import type { HostModel } from './host-model.ts';
import type { FleetIngressModel } from './ingress-model.ts';
import type { SecurityGroupModel } from './security-model.ts';

/** The normalised fleet file: which machines there are and what they are like. Sizes in bytes, times in ms. */
export interface FleetModel {
  readonly name: string;
  readonly pools: Readonly<Record<string, PoolModel>>;
  readonly network: FleetNetworkModel;
  readonly registry: RegistryModel;
  /** Baseline of every machine whose pool has none of its own. */
  readonly host?: HostModel;
  /** Absent: what differs is always repaired. */
  readonly drift?: DriftModel;
  /** Incus servers that pools are made on, by name. Absent: none. */
  readonly incus?: Readonly<Record<string, IncusModel>>;
  /** Who may log in. Absent: nobody was ever asked for, and sshd is left as it is. */
  readonly access?: readonly AccessRule[];
  /** What ingress needs of the world. Absent: nothing. */
  readonly ingress?: FleetIngressModel;
  /** Who may reach what on machines, by name. Absent: no groups. */
  readonly securityGroups?: Readonly<Record<string, SecurityGroupModel>>;
}

/**
 * Who makes a pool's machines. `local` and `incus`: the server does. `ssh`: they are there, and a person lets them in.
 * `user-data`: others make them, and they join by themselves with a token of the pool.
 */
export type ProviderKind = 'local' | 'ssh' | 'incus' | 'user-data';

/** Whether the server makes machines of this kind, and destroys them. */
export const isMade = (provider: ProviderKind): provider is 'local' | 'incus' =>
  provider === 'local' || provider === 'incus';

/** Machines made alike. A single machine of the file is a pool without `count`: its machine bears the pool's name. */
export interface PoolModel {
  readonly name: string;
  readonly provider: ProviderKind;
  /** Absent: one machine, named as the pool. Otherwise `name-1` to `name-count`. */
  readonly count?: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly size: { readonly cpus?: number; readonly memoryBytes?: number };
  /** What replicas cannot have of a machine: it is for the system. Absent parts have a default. */
  readonly reserve?: ReserveModel;
  /** Away for longer, a machine is replaced without being asked. Absent: never. */
  readonly replaceAfterMs?: number;
  /** For `ssh`: `user@host` or `user@host:port`. */
  readonly address?: string;
  /** Baseline of its machines, that of the fleet already in it. */
  readonly host?: HostModel;
  /** For `incus`. */
  readonly incus?: IncusPoolModel;
  /** Security groups its machines belong to. Absent: those that name them. */
  readonly securityGroups?: readonly string[];
}

export interface ReserveModel {
  readonly cpus?: number;
  readonly memoryBytes?: number;
  /** A machine with less free disk is under disk pressure. */
  readonly diskBytes?: number;
}

/** An Incus server. It is known by `fingerprint` or vouched for by `ca`; the fleet shows `secret` or `identity`. */
export interface IncusModel {
  readonly name: string;
  /** `https://host:port`, without a path. */
  readonly url: string;
  /** SHA-256 of its certificate, 64 small hexadecimal digits. */
  readonly fingerprint?: string;
  /** A PEM file on the server's computer. */
  readonly ca?: string;
  /** Name of the fleet's secret with the client certificate and its key, PEM. */
  readonly secret?: string;
  /** A file on the server's computer with the same. */
  readonly identity?: string;
  readonly project: string;
  /** Network that machines' addresses are taken from. */
  readonly addresses: string;
}

export interface IncusPoolModel {
  /** Name of the Incus server. */
  readonly on: string;
  readonly type: 'container' | 'vm';
  readonly image: string;
  readonly imageServer?: string;
  readonly network: string;
  readonly storage?: string;
  readonly profiles: readonly string[];
}

export interface FleetNetworkModel {
  /** Local machines' own addresses; the control plane has the last usable one. */
  readonly machines: string;
  /** Split into one /24 per machine. */
  readonly containers: string;
  /** Services' virtual addresses. Absent in what was stored before there were any: the default. */
  readonly services?: string;
  /** What carries containers' traffic from machine to machine. Absent: nothing but the network they are on. */
  readonly mesh?: 'wireguard';
}

/** Where services' virtual addresses are taken from when nobody says. */
export const servicesDefault = '10.92.0.0/16';

export interface RegistryModel {
  /** Absent: the fleet's first machine. */
  readonly machine?: string;
}

/** One person's way onto machines: as which account, for how long, and what more it allows. */
export interface AccessRule {
  /** The person's name, as it stands in certificates and in the audit log. */
  readonly who: string;
  /** Names of machines, with `*` and `?`. */
  readonly machines: readonly string[];
  /** The account on the machine. */
  readonly as: string;
  /** What the account may run as root: absolute commands, `*` in their arguments, or `ALL`. */
  readonly sudo: readonly string[];
  /** How long a certificate is good for, at most. */
  readonly ttlMs: number;
  /** Run instead of whatever is asked for. */
  readonly command?: string;
  /** Networks it may be used from; none: from anywhere. */
  readonly from: readonly string[];
  /** Which entry of the fleet file it comes from, counted from 0. */
  readonly entry?: number;
}
