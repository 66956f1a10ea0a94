import type { HostModel } from './host-model.ts';

/** The normalised fleet file: which machines there are and what they are like. Sizes in bytes, times in ms. */
export interface FleetModel {
  readonly name: string;
  readonly pools: Readonly<Record<string, PoolModel>>;
  readonly network: FleetNetworkModel;
  readonly registry: RegistryModel;
  /** Baseline of every machine whose pool has none of its own. */
  readonly host?: HostModel;
}

/** Machines made alike. A single machine of the file is a pool without `count`: its machine bears the pool's name. */
export interface PoolModel {
  readonly name: string;
  readonly provider: 'local' | 'ssh';
  /** Absent: one machine, named as the pool. Otherwise `name-1` to `name-count`. */
  readonly count?: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly size: { readonly cpus?: number; readonly memoryBytes?: number };
  /** Away for longer, a machine is replaced without being asked. Absent: never. */
  readonly replaceAfterMs?: number;
  /** For `ssh`: `user@host` or `user@host:port`. */
  readonly address?: string;
  /** Baseline of its machines, that of the fleet already in it. */
  readonly host?: HostModel;
}

export interface FleetNetworkModel {
  /** Local machines' own addresses; the control plane has the last usable one. */
  readonly machines: string;
  /** Split into one /24 per machine. */
  readonly containers: string;
}

export interface RegistryModel {
  /** Absent: the fleet's first machine. */
  readonly machine?: string;
}
