import type { MachineNetwork } from '#plan/machine-network.ts';
import type { FleetModel } from '#spec/fleet-model.ts';
import type { AppModel, Origins } from '#spec/model.ts';
import { type AccessOperations, accessOperations } from './access-operations.ts';
import { type DriftOperations, driftOperations } from './drift-operations.ts';
import { firewallOperations } from './firewall-operations.ts';
import type { FirewallView, ProbeResult } from './firewall-views.ts';
import { type IngressOperations, ingressOperations } from './ingress-operations.ts';
import { joining } from './joining.ts';
import { type MeshOperations, meshOperations } from './mesh-operations.ts';
import type { Empty, Operation } from './operation.ts';
import type { ProviderCheck, UserDataView } from './provider-views.ts';
import { type SecretOperations, secretOperations } from './secret-operations.ts';
import { type TrafficOperations, trafficOperations } from './traffic-operations.ts';
import type { MachineUsage } from './usage.ts';
import type {
  AppView,
  Enrolment,
  FleetEvent,
  FleetPreview,
  FleetStatus,
  LogLine,
  MachineView,
  PlanPreview,
  RegistryAccess,
  ReleaseAnswer,
  ReleaseRequest,
  ReleaseView,
  ReplicaView,
  RolloutView,
} from './views.ts';

/**
 * The contract: input and output of every operation. Server, client, CLI and the OpenAPI document derive from it
 * and from the table below. Path parameters are fields of the input with the same name.
 */
export interface Operations
  extends AccessOperations,
    DriftOperations,
    IngressOperations,
    MeshOperations,
    SecretOperations,
    TrafficOperations {
  status: { input: Empty; output: FleetStatus };
  /** With `fleet`: as it would be once that fleet file is applied and its machines are there. */
  previewApp: { input: { model: AppModel; origins: Origins; fleet?: FleetModel }; output: PlanPreview };
  previewFleet: { input: { fleet: FleetModel; origins?: Origins }; output: FleetPreview };
  createRelease: { input: { app: string } & ReleaseRequest; output: ReleaseAnswer };
  scaleApp: { input: { app: string; replicas: Readonly<Record<string, number>> }; output: ReleaseAnswer };
  restartApp: { input: { app: string; services: readonly string[] }; output: ReleaseAnswer };
  rollbackApp: { input: { app: string; release?: number }; output: ReleaseAnswer };
  removeApp: { input: { app: string; volumes?: readonly string[] }; output: ReleaseAnswer };
  listApps: { input: Empty; output: { apps: readonly AppView[] } };
  listReplicas: { input: { app?: string }; output: { replicas: readonly ReplicaView[] } };
  listUsage: { input: Empty; output: { machines: readonly (MachineUsage & { readonly machine: string })[] } };
  listReleases: { input: { app: string }; output: { releases: readonly ReleaseView[] } };
  /** A snapshot at each change, until it is done. */
  watchRollout: { input: { app: string }; output: RolloutView };
  /** Past events, then new ones when `follow`. */
  events: {
    input: {
      app?: string;
      machine?: string;
      kind?: readonly string[];
      since?: number;
      tail?: number;
      follow?: boolean;
    };
    output: FleetEvent;
  };
  logs: {
    input: {
      app: string;
      service?: string;
      replica?: string;
      follow?: boolean;
      tail?: number;
      sinceMs?: number;
    };
    output: LogLine;
  };
  listMachines: { input: Empty; output: { machines: readonly MachineView[] } };
  addMachine: {
    input: {
      name: string;
      provider: 'ssh' | 'local';
      address: string;
      labels?: Readonly<Record<string, string>>;
      /** How it was reached. */
      ssh?: { user: string; port: number };
    };
    output: Enrolment;
  };
  makeUserData: {
    input: {
      machine?: string;
      pool?: string;
      /** How many machines of the pool may join with it. Default: 1. */
      machines?: number;
      /** Default: ten minutes. */
      ttlMs?: number;
      /** URL by which the caller reaches the server: where machines look for it when nothing says better. */
      reachedAt?: string;
    };
    output: UserDataView;
  };
  revokeUserData: { input: { machine?: string; pool?: string }; output: { revoked: number } };
  checkProviders: { input: Empty; output: { checks: readonly ProviderCheck[] } };
  showFirewall: { input: { machine: string }; output: FirewallView };
  probeMachines: {
    input: { machine: string; targets: readonly { machine: string; port: number }[] };
    output: { results: readonly ProbeResult[] };
  };
  emptyMachine: { input: { machine: string; force?: boolean }; output: Empty };
  /** `check`: nothing is done, and what would be refused is. */
  removeMachine: { input: { machine: string; force?: boolean; check?: boolean }; output: Empty };
  drainMachine: {
    input: { machine: string; keep?: boolean; leave?: boolean; check?: boolean };
    output: Empty;
  };
  uncordonMachine: { input: { machine: string }; output: Empty };
  replaceMachine: { input: { machine: string; force?: boolean }; output: Empty };
  /** `force`: machines that may go whatever is lost; `leaving`: those on their way out. */
  applyFleet: {
    input: { fleet: FleetModel; origins?: Origins; force?: readonly string[] };
    output: { plan: number; machines: readonly string[]; leaving: readonly string[] };
  };
  registryAccess: { input: Empty; output: RegistryAccess };
  enrol: {
    /** `address`: where other machines reach it; asked for when nobody said it before. */
    input: { token: string; csr: string; address?: string; networks?: readonly MachineNetwork[] };
    output: { certificate: string; ca: string };
  };
  /** `proof`: SHA-256 of the one-time token, hexadecimal. Times are ms since the epoch. */
  reportClock: { input: { proof?: string; clock: number }; output: { now: number } };
  renew: { input: { csr: string }; output: { certificate: string; ca: string } };
}

export type OperationName = keyof Operations;
export type Input<K extends OperationName> = Operations[K]['input'];
export type Output<K extends OperationName> = Operations[K]['output'];

export const operations = {
  ...joining,
  ...firewallOperations,
  status: { method: 'GET', path: '/v1/status', kind: 'call', role: 'user', summary: 'The fleet at a glance' },
  previewApp: {
    method: 'POST',
    path: '/v1/preview',
    kind: 'call',
    role: 'user',
    summary: 'What a deploy would change',
  },
  previewFleet: {
    method: 'POST',
    path: '/v1/preview/fleet',
    kind: 'call',
    role: 'user',
    summary: 'What applying a fleet file would change',
  },
  createRelease: {
    method: 'POST',
    path: '/v1/apps/:app/releases',
    kind: 'call',
    role: 'user',
    summary: 'Make a release and roll it out',
  },
  scaleApp: {
    method: 'POST',
    path: '/v1/apps/:app/scale',
    kind: 'call',
    role: 'user',
    summary: 'Change the number of replicas',
  },
  restartApp: {
    method: 'POST',
    path: '/v1/apps/:app/restart',
    kind: 'call',
    role: 'user',
    summary: 'Replace the replicas of services',
  },
  rollbackApp: {
    method: 'POST',
    path: '/v1/apps/:app/rollback',
    kind: 'call',
    role: 'user',
    summary: 'Go back to an earlier release',
  },
  removeApp: {
    method: 'DELETE',
    path: '/v1/apps/:app',
    kind: 'call',
    role: 'user',
    summary: 'Remove an app; its volumes only by name',
  },
  listApps: { method: 'GET', path: '/v1/apps', kind: 'call', role: 'user', summary: 'All apps' },
  listReplicas: {
    method: 'GET',
    path: '/v1/replicas',
    kind: 'call',
    role: 'user',
    summary: 'All replicas and how they are',
  },
  listUsage: {
    method: 'GET',
    path: '/v1/usage',
    kind: 'call',
    role: 'user',
    summary: 'What machines and replicas use now',
  },
  listReleases: {
    method: 'GET',
    path: '/v1/apps/:app/releases',
    kind: 'call',
    role: 'user',
    summary: 'Releases of an app',
  },
  watchRollout: {
    method: 'GET',
    path: '/v1/apps/:app/rollout',
    kind: 'stream',
    role: 'user',
    summary: 'Follow a rollout to its end',
  },
  events: { method: 'GET', path: '/v1/events', kind: 'stream', role: 'user', summary: 'What happened' },
  logs: {
    method: 'GET',
    path: '/v1/apps/:app/logs',
    kind: 'stream',
    role: 'user',
    summary: 'What replicas print',
  },
  listMachines: { method: 'GET', path: '/v1/machines', kind: 'call', role: 'user', summary: 'All machines' },
  addMachine: {
    method: 'POST',
    path: '/v1/machines',
    kind: 'call',
    role: 'user',
    summary: 'Let a machine in: gives a one-time token',
  },
  emptyMachine: {
    method: 'POST',
    path: '/v1/machines/:machine/empty',
    kind: 'call',
    role: 'user',
    summary: 'Have a machine drop all that the fleet put on it, before it is put out',
  },
  removeMachine: {
    method: 'DELETE',
    path: '/v1/machines/:machine',
    kind: 'call',
    role: 'user',
    summary: 'Put a machine out of the fleet',
  },
  drainMachine: {
    method: 'POST',
    path: '/v1/machines/:machine/drain',
    kind: 'call',
    role: 'user',
    summary: 'Have a machine take no new replicas, and give those it has to others',
  },
  uncordonMachine: {
    method: 'POST',
    path: '/v1/machines/:machine/uncordon',
    kind: 'call',
    role: 'user',
    summary: 'Have a machine take replicas again',
  },
  replaceMachine: {
    method: 'POST',
    path: '/v1/machines/:machine/replace',
    kind: 'call',
    role: 'user',
    summary: 'Put a new machine in the place of one',
  },
  applyFleet: { method: 'PUT', path: '/v1/fleet', kind: 'call', role: 'user', summary: 'Set the fleet file' },
  registryAccess: {
    method: 'GET',
    path: '/v1/registry',
    kind: 'call',
    role: 'user',
    summary: 'Where and how to push images',
  },
  ...accessOperations,
  ...driftOperations,
  ...ingressOperations,
  ...meshOperations,
  ...secretOperations,
  ...trafficOperations,
} as const satisfies Record<OperationName, Operation>;

/** WebSocket endpoints: agents stay connected to the first; `exec` carries a terminal (see exec-messages). */
export const sockets = { agent: '/v1/agent', exec: '/v1/apps/:app/exec' } as const;
