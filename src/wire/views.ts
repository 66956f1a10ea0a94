import type { Problem } from '#base/result.ts';
import type {
  AppState,
  MachineCondition,
  MachineFacts,
  ReplicaReport,
  RolloutFailure,
  StepFailure,
} from '#plan/model.ts';
import type { AppModel, Origins } from '#spec/model.ts';

/** Where a rollout stands. How those before it ended is told of each release. */
export type RolloutState = Omit<AppState, 'outcomes'>;

/** What the API answers with. Times are ms since the epoch. */

export interface FleetStatus {
  readonly fleet: string;
  readonly version: string;
  readonly plan: number;
  readonly machines: readonly MachineView[];
  readonly apps: readonly AppView[];
}

/** A state of a machine that shows at the server only. */
export interface RemarkedCondition {
  readonly kind: 'wrong-clock' | 'copied-identity';
  /** ms since the epoch. */
  readonly since: number;
  readonly what: string;
}

export interface MachineView {
  readonly name: string;
  readonly provider: string;
  readonly address: string;
  readonly labels: Readonly<Record<string, string>>;
  /** `pending`: not enrolled yet. */
  readonly status: 'pending' | 'online' | 'offline';
  /** `updating`: its manifest is newer than what it holds; `failing`: a step failed. */
  readonly conformity: 'up-to-date' | 'updating' | 'failing' | 'unknown';
  /** It did all of the newest plan that can be done there, failed or not. Absent: not known. */
  readonly tried?: boolean;
  readonly schedulable: boolean;
  readonly seenAt: number | null;
  readonly facts: MachineFacts | null;
  readonly replicas: number;
  readonly reserved: { readonly cpus: number; readonly memoryBytes: number };
  readonly failures: readonly StepFailure[];
  readonly failuresOf?: number; // the number of their plan; absent: not known
  /** What it keeps back for its system: no replica can reserve it. */
  readonly kept: { readonly cpus: number; readonly memoryBytes: number };
  /** What it runs short of, and what else the server finds of it. */
  readonly conditions: readonly (MachineCondition | RemarkedCondition)[];
  /** On its way out: it drops what the fleet put on it, or has done so. */
  readonly leaving?: 'emptying' | 'empty';
  /** Its pool in the fleet file; null: it is of none. */
  readonly pool: string | null;
  /** What of the fleet itself runs on it. */
  readonly roles: readonly ('registry' | 'server')[];
  /** Where it stands in its life. */
  readonly state: MachineLife;
  /** While it is not connected: when it was last heard of, ms since the epoch. */
  readonly awaySince: number | null;
  /** What more there is to say of its state, for people. */
  readonly note?: string;
}

/**
 * `pending`: has not joined yet; `closed`: takes no new replicas; `away`: not connected; `lost`: for longer than is
 * waited for; `held`: would be lost, but too many vanished at once; `replacing`: its successor is being made.
 */
export type MachineLife =
  | 'pending'
  | 'ready'
  | 'closed'
  | 'draining'
  | 'drained'
  | 'away'
  | 'held'
  | 'lost'
  | 'replacing'
  | 'leaving';

export interface AppView {
  readonly name: string;
  readonly release: number | null;
  readonly state: RolloutState;
  readonly services: readonly ServiceView[];
  readonly waiting: readonly string[];
}

export interface ServiceView {
  readonly name: string;
  readonly image: string;
  /** Replicas wanted, placed, running and healthy, and of the target release. */
  readonly wanted: number;
  readonly placed: number;
  readonly healthy: number;
  readonly updated: number;
  readonly ports: readonly string[];
}

export interface ReplicaView {
  readonly id: string;
  readonly app: string;
  readonly service: string;
  readonly slot: number;
  readonly release: number;
  readonly machine: string;
  readonly address: string;
  readonly phase: 'starting' | 'serving' | 'draining';
  readonly reason: string;
  readonly report: ReplicaReport | null;
  /** Its machine is not connected: nobody knows how it is. */
  readonly away?: true;
}

/** One snapshot of a rollout; the watch sends one at each change until `done`. */
export interface RolloutView {
  readonly app: AppView;
  readonly replicas: readonly ReplicaView[];
  readonly plan: number;
  /** Machines that do not hold the newest plan yet. */
  readonly behind: readonly string[];
  readonly done: null | 'healthy' | 'rolled-back' | 'failed' | 'removed';
  readonly failure?: RolloutFailure;
}

export interface ReleaseView {
  readonly number: number;
  readonly at: number;
  readonly by: string;
  readonly note: string;
  readonly status: 'current' | 'rolling' | 'superseded' | 'failed';
  readonly images: Readonly<Record<string, string>>;
}

export interface FleetEvent {
  readonly seq: number;
  readonly at: number;
  readonly kind: string;
  readonly app?: string;
  readonly machine?: string;
  readonly subject?: string;
  readonly what: string;
  /** A person's change, or a repair of drift. */
  readonly cause?: 'intentional' | 'corrective';
  /** Of drift: what happened to it. */
  readonly stage?: 'found' | 'repaired' | 'reported' | 'allowed' | 'over';
  readonly by?: string;
  /** What programs may want to know beside the sentence. */
  readonly detail?: Readonly<Record<string, string>>;
}

/** What a deploy sends: the checked model with pinned images, and where each part was written. */
export interface ReleaseRequest {
  readonly model: AppModel;
  readonly origins: Origins;
  readonly note: string;
  /** Values of secrets that are read where deploy runs, by key in the model. Sent once, stored encrypted. */
  readonly secretValues: Readonly<Record<string, string>>;
  /** Refuse when the app's newest release is another than this (null: none). Absent: do not care. */
  readonly ifRelease?: number | null;
}

export interface ReleaseAnswer {
  readonly release: number;
  /** False: equal to what is there; nothing was made. */
  readonly changed: boolean;
  readonly plan: number;
  /** That release is on its way already, by somebody's earlier wish. */
  readonly rolling?: true;
}

/** What would change, without changing it. */
export interface PlanPreview {
  readonly app: string;
  readonly parent: number;
  /** What runs now, null when nothing does, and what a deploy would make: the same number when nothing changes. */
  readonly release: { readonly before: number | null; readonly after: number };
  readonly services: readonly ServiceChange[];
  readonly changes: readonly ResourceChange[];
  readonly placements: readonly {
    readonly replica: string;
    readonly machine: string;
    readonly reason: string;
  }[];
  readonly problems: readonly Problem[];
  /** What stands in nobody's way, but may not be meant. */
  readonly warnings?: readonly Problem[];
  readonly summary: ChangeSummary;
}

/** Numbers of resources. */
export interface ChangeSummary {
  readonly add: number;
  readonly change: number;
  readonly replace: number;
  readonly remove: number;
}

/** What a deploy means for one service. */
export interface ServiceChange {
  readonly service: string;
  /** `update`: its replicas go on running, though their number or what is said about them changes. */
  readonly action: ResourceChange['action'];
  /** Replicas there are, and would be. */
  readonly before: number;
  readonly after: number;
  /** How many of those would be new ones in place of others. */
  readonly replaced: number;
  readonly fields: readonly FieldChange[];
}

/** Null: it is not there. Long texts come cut. */
export interface FieldChange {
  readonly name: string;
  readonly before: string | null;
  readonly after: string | null;
}

/** What a fleet file would change, without changing it. */
export interface FleetPreview {
  readonly fleet: string;
  readonly parent: number;
  readonly machines: readonly MachineChange[];
  /** Settings of the fleet as a whole. */
  readonly fields: readonly FieldChange[];
  /** What changes on machines that are there already. */
  readonly changes: readonly ResourceChange[];
  readonly problems: readonly Problem[];
  readonly summary: ChangeSummary;
}

export interface MachineChange {
  readonly machine: string;
  readonly action: 'create' | 'update' | 'delete';
  readonly provider: string;
  readonly address: string;
  readonly fields: readonly FieldChange[];
  /** What a person should know about it; may be empty. */
  readonly note: string;
}

export interface ResourceChange {
  readonly machine: string;
  readonly resource: string;
  readonly action: 'create' | 'update' | 'replace' | 'delete';
  readonly fields: readonly FieldChange[];
  readonly reason: string;
  readonly origin: string;
}

export interface SecretView {
  readonly name: string;
  readonly version: number;
  readonly at: number;
  readonly by: string;
}

export interface RegistryAccess {
  /** `10.90.0.1:5000`: where to push from outside the fleet. */
  readonly address: string;
  /** `registry.internal:5000`: how machines and releases call it. */
  readonly name: string;
  readonly username: string;
  readonly password: string;
  /** PEM of the fleet's certificate authority. */
  readonly ca: string;
  /** Set when the address must be reached through a link of this name (local machines). */
  readonly link?: string;
}

export interface LogLine {
  readonly replica: string;
  readonly service: string;
  readonly machine: string;
  /** ms since the epoch. */
  readonly at: number;
  readonly stream: 'stdout' | 'stderr';
  readonly text: string;
}

/** Answer to `machine add`: with it an agent joins once, within ten minutes. */
export interface Enrolment {
  readonly machine: string;
  readonly token: string;
  /** URL agents dial. */
  readonly server: string;
  /** PEM of the fleet's certificate authority. */
  readonly ca: string;
  readonly expiresAt: number;
}
