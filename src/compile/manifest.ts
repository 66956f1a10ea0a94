import type { NftObject } from './nft/objects.ts';

/** One machine's part of a plan: everything it must hold. */
export interface Manifest {
  readonly machine: string;
  /** The plan's number. An agent refuses a lower one. */
  readonly generation: number;
  readonly resources: readonly Resource[];
  /**
   * Images that stay though no resource names them, by digest; others that Ballast pulled go. Absent: all stay.
   */
  readonly keepImages?: readonly string[];
  /** What is to stay free for the machine's own system. Absent parts: what the agent thinks right. */
  readonly reserve?: { readonly diskBytes?: number };
  /** Absent: what differs is always repaired. */
  readonly drift?: DriftRules;
  /** Machines that this one and they tell each other how they are. Absent: it listens to nobody. */
  readonly neighbours?: Neighbours;
}

export interface Neighbours {
  readonly port: number;
  /** `name@version` of the secret by which their words are known for theirs. */
  readonly key: string;
  readonly machines: readonly Neighbour[];
}

export interface Neighbour {
  readonly machine: string;
  /** Its own address, and the one it has among containers, in their network. */
  readonly address: string;
  readonly gateway: string;
  readonly cidr: string;
}

/** What becomes of differences that are found although the manifest did not change. */
export interface DriftRules {
  readonly repair: 'always' | 'report';
  /** Patterns of resource ids that may differ until then, ms since the epoch. */
  readonly allow: readonly { readonly resource: string; readonly until: number }[];
}

/**
 * One thing a machine must hold. `id` is `kind:name` and unique on the machine. `after` names resources that
 * must be there first. Deleting runs the other way round.
 */
export type Resource =
  | DirectoryResource
  | FileResource
  | PackageResource
  | GroupResource
  | UserResource
  | SysctlResource
  | ModuleResource
  | TimezoneResource
  | SwapResource
  | TrustResource
  | ImageResource
  | VolumeResource
  | NetworkResource
  | MeshResource
  | FirewallResource
  | UnitResource
  | ContainerResource;

export type ResourceKind = Resource['kind'];

interface ResourceBase {
  readonly id: string;
  readonly after: readonly string[];
  /** The line that asked for it, `file:line:column`, or the part of Ballast that did. */
  readonly origin: string;
  /** A mistake in it could cut the machine off: it is undone unless the control plane is still reached. */
  readonly confirm?: boolean;
}

export interface DirectoryResource extends ResourceBase {
  readonly kind: 'directory';
  readonly path: string;
  readonly mode: number;
  readonly owner: string;
  readonly group: string;
}

export interface FileResource extends ResourceBase {
  readonly kind: 'file';
  readonly path: string;
  /** The text itself; absent when it is a secret, whose value travels apart from the manifest. */
  readonly content?: string;
  /** `name@version` of a secret held by the agent's vault. */
  readonly secret?: string;
  readonly mode: number;
  readonly owner: string;
  readonly group: string;
  /** Command that must accept the new file before it is put in place; `{}` stands for its path. */
  readonly check?: readonly string[];
  /** Commands to run once the file was put in place or taken away, so that whoever reads it knows. */
  readonly afterwards?: readonly (readonly string[])[];
}

export interface PackageResource extends ResourceBase {
  readonly kind: 'package';
  readonly name: string;
  /** As apt takes it behind `=`; may end with `*`. Absent: whichever is there. */
  readonly version?: string;
  /** Whether upgrades of the system leave it alone; absent: nobody says. */
  readonly hold?: boolean;
  /** It must not be there. */
  readonly absent?: boolean;
}

export interface GroupResource extends ResourceBase {
  readonly kind: 'group';
  readonly name: string;
  readonly gid?: number;
  /** Takes its number from those of the system, where it is made. */
  readonly system: boolean;
}

/** An account. It has no password, or one that is locked: keys and certificates let people in. */
export interface UserResource extends ResourceBase {
  readonly kind: 'user';
  readonly name: string;
  readonly uid?: number;
  /** Primary group. One with the user's own name is made with it. */
  readonly group: string;
  /** All other groups it is in, and no more; sorted. */
  readonly groups: readonly string[];
  readonly shell: string;
  readonly home: string;
  /** Whether the home directory is made when it is not there. */
  readonly makeHome: boolean;
  readonly comment: string;
  readonly system: boolean;
  /** When the user goes, so does the home directory; else it stays. */
  readonly removeHome: boolean;
}

export interface SysctlResource extends ResourceBase {
  readonly kind: 'sysctl';
  readonly key: string;
  readonly value: string;
}

/** A kernel module that is loaded. That it is after a boot, too, is a file's part. */
export interface ModuleResource extends ResourceBase {
  readonly kind: 'module';
  readonly name: string;
}

export interface TimezoneResource extends ResourceBase {
  readonly kind: 'timezone';
  readonly zone: string;
}

/** A file that can be swapped to. That it is used is a unit's part. */
export interface SwapResource extends ResourceBase {
  readonly kind: 'swap';
  readonly path: string;
  readonly sizeBytes: number;
}

/** An authority that the machine's own programs trust. */
export interface TrustResource extends ResourceBase {
  readonly kind: 'trust';
  readonly name: string;
  /** PEM of the one certificate. */
  readonly certificate: string;
}

/** An image in the machine's store, by digest. */
export interface ImageResource extends ResourceBase {
  readonly kind: 'image';
  readonly reference: string;
}

/** A named volume. Never deleted by converging: only by name, on request. */
export interface VolumeResource extends ResourceBase {
  readonly kind: 'volume';
  readonly name: string;
  readonly driver: string;
  readonly options: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
  /** It is to be there already and is not made. */
  readonly external?: boolean;
}

/** A network interface while the machine runs, and the routes that come with it. A unit makes both at boot. */
export interface NetworkResource extends ResourceBase {
  readonly kind: 'network';
  readonly interface: string;
  /** `bridge`: made when it is missing, with all containers of its subnet on it. `given`: a unit of its own makes it. */
  readonly link: 'bridge' | 'given';
  /** Hardware address; absent: any. */
  readonly mac?: string;
  readonly mtu?: number;
  /** `10.91.1.1/24`: these, and no others that can be reached from elsewhere. */
  readonly addresses: readonly string[];
  /** Ballast's own routes are those of all networks of a manifest together, and no others. */
  readonly routes: readonly NetworkRoute[];
}

/** What is absent is left to the kernel. */
export interface NetworkRoute {
  readonly to: string;
  readonly via?: string;
  readonly dev?: string;
  /** The machine's own address by which it is known there. */
  readonly source?: string;
}

/** An interface of the mesh while the machine runs: whose it is by its key, and who is at the other ends. */
export interface MeshResource extends ResourceBase {
  readonly kind: 'mesh';
  readonly interface: string;
  /** The unit that makes it. */
  readonly unit: string;
  /** Which of the machine's keys it bears. */
  readonly round: number;
  readonly port: number;
  /** Where the machine keeps the private key, which nobody else ever sees. */
  readonly keyFile: string;
  /** The public key that the others know it by. Absent: it has told none yet. */
  readonly publicKey?: string;
  /** By number of the machine. */
  readonly peers: readonly MeshPeer[];
}

export interface MeshPeer {
  readonly machine: string;
  readonly publicKey: string;
  readonly endpoint: string;
  /** Its containers' addresses, by which it is known and reached. */
  readonly subnet: string;
  readonly gateway: string;
}

/** One whole nftables table, changed in one transaction. */
export interface FirewallResource extends ResourceBase {
  readonly kind: 'firewall';
  readonly family: 'inet';
  readonly table: string;
  readonly objects: readonly NftObject[];
}

/** A systemd unit that exists by its own package or file: whether it is on, and what makes it start anew. */
export interface UnitResource extends ResourceBase {
  readonly kind: 'unit';
  readonly name: string;
  readonly enabled: boolean;
  /** `any`: nobody says whether it is to run. */
  readonly active: boolean | 'any';
  /** It cannot be started at all; then it is neither enabled nor active. */
  readonly masked?: boolean;
  /** Digest of what the running unit depends on: another value means restart, or reload where it can. */
  readonly stamp: string;
  readonly reload: boolean;
}

/** A replica: one Quadlet file and the unit that systemd makes of it. */
export interface ContainerResource extends ResourceBase {
  readonly kind: 'container';
  /** Replica id; the unit is `<name>.service`, the container `<name>`. */
  readonly name: string;
  readonly app: string;
  readonly service: string;
  /** Text of `<name>.container`. */
  readonly quadlet: string;
  readonly address: string;
  readonly health: HealthPlan;
  readonly stopGraceMs: number;
  /** A one-off that is to end by itself: its end is success when it exits with 0. */
  readonly job: boolean;
}

/** How the agent knows that a replica is healthy. */
export type HealthPlan =
  | { readonly kind: 'none'; readonly settleMs: number }
  /** Podman runs the check; until it first succeeds it is asked at most so far apart. */
  | { readonly kind: 'command'; readonly startIntervalMs?: number }
  | {
      readonly kind: 'http';
      readonly url: string;
      readonly intervalMs: number;
      readonly timeoutMs: number;
      readonly retries: number;
      readonly startPeriodMs: number;
    };
