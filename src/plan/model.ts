import type { FleetModel, ProviderKind } from '#spec/fleet-model.ts';
import type { AppModel, Origins } from '#spec/model.ts';
import type { AccessPolicy } from './access-model.ts';
import type { Drift } from './drift.ts';
import type { MachineNetwork } from './machine-network.ts';
import type { MachineMesh, MeshFacts, MeshState } from './mesh.ts';

/** Everything people asked for. */
export interface Policy {
  readonly fleet: FleetModel;
  /** Where the parts of the fleet file were written. */
  readonly fleetOrigins?: Origins;
  /** Version of each secret that the machines' baseline names. */
  readonly hostSecrets?: Readonly<Record<string, number>>;
  readonly machines: Readonly<Record<string, MachineRecord>>;
  readonly apps: Readonly<Record<string, AppPolicy>>;
  /** `app/volume` of volumes that a person deleted by name: their place is forgotten. */
  readonly droppedVolumes?: readonly string[];
  /** What people did about access beside the fleet file. */
  readonly access?: AccessPolicy;
  /** How far the machines are with the keys of their mesh. Absent: they have none. */
  readonly mesh?: MeshState;
}

/** A machine that was let into the fleet. */
export interface MachineRecord {
  readonly name: string;
  readonly provider: ProviderKind;
  /** Name of the Incus server it is on, for provider incus. */
  readonly on?: string;
  /** Own number, never used twice: the machine's container subnet follows from it. From 1. */
  readonly index: number;
  /** Where other machines reach it, an IPv4 address. */
  readonly address: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Takes no new replicas when false. */
  readonly schedulable: boolean;
  /** Its replicas are to move to other machines; absent: they may stay. */
  readonly draining?: Draining;
  /** On its way out of the fleet: it is to hold nothing. */
  readonly leaving?: Leaving;
  /** When a machine first joined with this record, ms since the epoch. Absent: none has, or before this was kept. */
  readonly joinedAt?: number;
  /** Number of the machine in whose place it comes; until it has joined. */
  readonly successorOf?: number;
  /** How it was first reached by ssh; absent for those that were made by a provider. */
  readonly ssh?: { readonly user: string; readonly port: number };
  /** Its part in the mesh. Absent: it has not said anything of it. */
  readonly mesh?: MachineMesh;
}

export interface Draining {
  /** ms since the epoch. */
  readonly since: number;
  /** What becomes of it once it is empty: it waits for `uncordon`, goes, or makes room for its successor. */
  readonly then: 'stay' | 'leave' | 'replace';
  /** Who asked for it. */
  readonly by: string;
  /** A person named it, so what only it has is given up. */
  readonly force?: boolean;
}

export interface Leaving {
  /** Number of the first plan by which it holds nothing. */
  readonly since: number;
  /** It said that nothing is left on it but images and volumes. */
  readonly empty: boolean;
}

export interface AppPolicy {
  readonly name: string;
  /** The release people want; null: the app is to go. */
  readonly wanted: number | null;
  /** The wanted release and those that a rollback may need, by number. */
  readonly releases: Readonly<Record<number, Release>>;
}

/** An immutable numbered version of an app. Images are pinned by digest, secrets by version. */
export interface Release {
  readonly app: string;
  readonly number: number;
  readonly model: AppModel;
  readonly origins: Origins;
  /** Version of each secret the app uses, by its key in the model. */
  readonly secrets: Readonly<Record<string, { readonly name: string; readonly version: number }>>;
  readonly at: number;
  readonly by: string;
  /** Why it was made: `deploy`, `scale web=5`, `restart web`, `rollback to 3`. */
  readonly note: string;
}

/** Immutable and complete: nothing is left to choose when it is carried out. */
export interface Plan {
  readonly number: number;
  readonly parent: number | null;
  readonly at: number;
  readonly apps: Readonly<Record<string, AppState>>;
  /** By replica id. */
  readonly replicas: Readonly<Record<string, Replica>>;
  /** Where each volume's data lives: `app/volume` -> machine. Kept when the app goes. */
  readonly volumes: Readonly<Record<string, string>>;
  /** Volumes whose data went with a machine that is no more: `app/volume` -> that machine. Absent: none. */
  readonly lostVolumes?: Readonly<Record<string, string>>;
  /** Virtual address of each service that has one, by `app/service`: the same while the service lives. Absent: none. */
  readonly services?: Readonly<Record<string, { readonly vip: string }>>;
  /** What this plan knows of machines that hold something, or are away. Absent: of none. */
  readonly machines?: Readonly<Record<string, MachineState>>;
  /** What stands in the way of the next step, for people. */
  readonly waiting: readonly Waiting[];
}

/** A machine as plans see it over time. All times are ms since the epoch. */
export interface MachineState {
  /** Its record's number: another one under the same name is another machine, and nothing is on it. */
  readonly index: number;
  /** It counts as away from then on and not before, whenever it was last heard of. */
  readonly awayFrom?: number;
  /** Away since then, and for longer than is waited for: what can run elsewhere does. */
  readonly lostSince?: number;
  /** So many vanished at once that nothing is taken from it, since then, until they return or a person says so. */
  readonly heldSince?: number;
  /** Replicas that were taken from it while it was away: they may still run there. */
  readonly ghosts?: Ghosts;
  /** Slots (`app/service/slot`) that were taken from it, or from its predecessor, to which they return. */
  readonly moved?: readonly string[];
}

export interface Ghosts {
  readonly replicas: readonly string[];
  /** Once the machine holds this plan they are gone. */
  readonly plan: number;
}

export interface Waiting {
  readonly app: string;
  readonly service: string;
  readonly what: string;
}

/** Where an app's rollout stands. */
export interface AppState {
  /** What people wanted when this rollout began. */
  readonly wanted: number | null;
  /** What is being made true: `wanted`, or the release before it after a failure. */
  readonly target: number | null;
  /** The last release that was healthy throughout: where a failure returns to. */
  readonly healthy: number | null;
  readonly phase: 'rolling' | 'rolling-back' | 'steady' | 'failed' | 'paused' | 'removing';
  /** When the phase began, ms since the epoch. */
  readonly since: number;
  /** Since when every replica has been healthy; the rollout is done when that lasts for the monitor time. */
  readonly healthySince?: number;
  readonly failure?: RolloutFailure;
  /** How the rollouts of earlier releases ended, by number. Absent: this rollout began before that was kept. */
  readonly outcomes?: Readonly<Record<number, Outcome>>;
}

/** `healthy`: every replica was, for the monitor time. */
export type Outcome = 'healthy' | 'failed';

export interface RolloutFailure {
  readonly release: number;
  readonly service: string;
  readonly replica: string;
  readonly machine: string;
  readonly what: string;
  readonly exitCode?: number;
  readonly log: readonly string[];
}

/** One container that is to run. Its id names the unit and the container on the machine. */
export interface Replica {
  /** `guestbook-web-1-r3`: app, service, slot, and the release that made it. */
  readonly id: string;
  readonly app: string;
  readonly service: string;
  readonly slot: number;
  readonly release: number;
  /** Digest of all that its container depends on: equal digests need no new container. */
  readonly digest: string;
  readonly machine: string;
  readonly address: string;
  /** The replica, on the same machine, whose network it shares; it comes and goes with that one. Absent: none. */
  readonly beside?: string;
  /** `starting`: not given traffic yet; `draining`: given no new traffic, about to go. */
  readonly phase: 'starting' | 'serving' | 'draining';
  /** When the phase began, ms since the epoch, and in which plan. */
  readonly since: number;
  readonly plan: number;
  /** Why this machine. */
  readonly reason: string;
}

/** Everything machines report. Never stored: agents say it again. */
export interface Inventory {
  /** Since when machines can report: one that has not done so is away since then. ms since the epoch. */
  readonly listeningSince?: number;
  readonly machines: Readonly<Record<string, MachineReport>>;
}

export interface MachineReport {
  readonly machine: string;
  readonly connected: boolean;
  /** When it was last heard of, ms since the epoch. */
  readonly seenAt: number;
  /** Since when it is, or was, connected without a break, ms since the epoch. Absent: since it was first heard of. */
  readonly heardSince?: number;
  /** Generation of the newest manifest it holds completely; 0 before the first. */
  readonly converged: number;
  /** Generation of the newest manifest of which it did all that can be done, failed or not. Absent: not known. */
  readonly tried?: number;
  /** Generation of the manifest that `failures` are of. Absent: not known. */
  readonly generation?: number;
  readonly facts: MachineFacts;
  /** By replica id; every container that Ballast owns there, wanted or not. */
  readonly replicas: Readonly<Record<string, ReplicaReport>>;
  /** Steps of its last run that failed. */
  readonly failures: readonly StepFailure[];
  /** What it runs short of now. Absent: of nothing. */
  readonly conditions?: readonly MachineCondition[];
  /** What differs though nobody asked for it. Absent: nothing. */
  readonly drift?: readonly Drift[];
}

/** A state of a machine as a whole that people should know of. */
export interface MachineCondition {
  readonly kind: 'disk-pressure' | 'memory-pressure';
  /** ms since the epoch. */
  readonly since: number;
  /** How it was when it began, for people: it does not change while the condition lasts. */
  readonly what: string;
}

export interface MachineFacts {
  readonly hostname: string;
  readonly cpus: number;
  readonly memoryBytes: number;
  readonly diskFreeBytes: number;
  readonly arch: string;
  readonly os: string;
  readonly kernel: string;
  readonly podman: string;
  readonly agent: string;
  readonly bootId: string;
  /** sshd's public host keys, `ssh-ed25519 AAAA…`. */
  readonly hostKeys?: readonly string[];
  readonly mesh?: MeshFacts;
  /** Networks that it is on or has a way to, apart from the fleet's. Absent: not known. */
  readonly networks?: readonly MachineNetwork[];
}

export interface ReplicaReport {
  readonly id: string;
  /**
   * `starting`: runs, health not known yet. `running`: runs and, where it can be asked, is healthy.
   * `failed`: ended and will not be started again, or failed more often than is worth waiting for.
   */
  readonly state: 'starting' | 'running' | 'unhealthy' | 'restarting' | 'failed' | 'completed' | 'stopped';
  readonly since: number;
  readonly restarts: number;
  readonly exitCode?: number;
  readonly oomKilled?: boolean;
  /** When a process in it was killed for want of memory while it went on, ms since the epoch. */
  readonly oomAt?: number;
  /** What the last health check answered, or why the state is what it is. */
  readonly detail?: string;
  /** Last lines it printed; only when something is wrong. */
  readonly log?: readonly string[];
}

export interface StepFailure {
  readonly resource: string;
  readonly what: string;
  /** The line that asked for the resource, `file:line:column`, or the part of Ballast that did. */
  readonly origin?: string;
  /** How often it failed in a row, since the manifest came that wants it. */
  readonly times?: number;
  /** It is not tried again before what is wanted changes, or a person says so. */
  readonly final?: boolean;
  readonly log?: readonly string[];
}
