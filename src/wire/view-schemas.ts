import { z } from 'zod';
import type { MachineFacts, ReplicaReport, RolloutFailure, StepFailure } from '#plan/model.ts';
import { machineCondition, remarkedCondition } from './condition-schema.ts';
import { meshFacts } from './mesh-schema.ts';
import type { ProviderCheck, UserDataView } from './provider-views.ts';
import { dictionary, integer, maybe, natural, schemaOf, text } from './schema-check.ts';
import type {
  AppView,
  Enrolment,
  FleetEvent,
  FleetStatus,
  LogLine,
  MachineView,
  RegistryAccess,
  ReleaseAnswer,
  ReleaseView,
  ReplicaView,
  RolloutState,
  RolloutView,
  SecretView,
  ServiceView,
} from './views.ts';

const texts = z.array(text);

export const machineNetwork = z.strictObject({
  interface: text.max(64),
  cidr: text.max(64),
  routed: maybe(z.boolean()),
});

export const machineFacts = schemaOf<MachineFacts>()(
  z
    .strictObject({
      hostname: text,
      cpus: z.number(),
      memoryBytes: z.number(),
      diskFreeBytes: z.number(),
      arch: text,
      os: text,
      kernel: text,
      podman: text,
      agent: text,
      bootId: text,
      hostKeys: maybe(texts),
      mesh: maybe(meshFacts),
      networks: maybe(z.array(machineNetwork)),
    })
    .meta({ id: 'MachineFacts' }),
);

export const stepFailure = schemaOf<StepFailure>()(
  z
    .strictObject({
      resource: text,
      what: text,
      origin: maybe(text),
      times: maybe(natural),
      final: maybe(z.boolean()),
      log: maybe(texts),
    })
    .meta({ id: 'StepFailure' }),
);

export const replicaReport = schemaOf<ReplicaReport>()(
  z
    .strictObject({
      id: text,
      state: z.enum(['starting', 'running', 'unhealthy', 'restarting', 'failed', 'completed', 'stopped']),
      since: z.number(),
      restarts: natural,
      exitCode: maybe(integer),
      oomKilled: maybe(z.boolean()),
      oomAt: maybe(z.number()),
      detail: maybe(text),
      log: maybe(texts),
    })
    .meta({ id: 'ReplicaReport' }),
);

const rolloutFailure = schemaOf<RolloutFailure>()(
  z
    .strictObject({
      release: natural,
      service: text,
      replica: text,
      machine: text,
      what: text,
      exitCode: maybe(integer),
      log: texts,
    })
    .meta({ id: 'RolloutFailure' }),
);

const appState = schemaOf<RolloutState>()(
  z
    .strictObject({
      wanted: natural.nullable(),
      target: natural.nullable(),
      healthy: natural.nullable(),
      phase: z.enum(['rolling', 'rolling-back', 'steady', 'failed', 'paused', 'removing']),
      since: z.number(),
      healthySince: maybe(z.number()),
      failure: maybe(rolloutFailure),
    })
    .meta({ id: 'AppState' }),
);

export const machineView = schemaOf<MachineView>()(
  z
    .strictObject({
      name: text,
      provider: text,
      address: text,
      labels: dictionary(text),
      status: z.enum(['pending', 'online', 'offline']),
      conformity: z.enum(['up-to-date', 'updating', 'failing', 'unknown']),
      tried: maybe(z.boolean()),
      schedulable: z.boolean(),
      seenAt: z.number().nullable(),
      facts: machineFacts.nullable(),
      replicas: natural,
      reserved: z.strictObject({ cpus: z.number(), memoryBytes: z.number() }),
      failures: z.array(stepFailure),
      failuresOf: maybe(natural),
      kept: z.strictObject({ cpus: z.number(), memoryBytes: z.number() }),
      conditions: z.array(z.union([machineCondition, remarkedCondition])),
      leaving: maybe(z.enum(['emptying', 'empty'])),
      pool: text.nullable(),
      roles: z.array(z.enum(['registry', 'server'])),
      state: z.enum([
        'pending',
        'ready',
        'closed',
        'draining',
        'drained',
        'away',
        'held',
        'lost',
        'replacing',
        'leaving',
      ]),
      awaySince: z.number().nullable(),
      note: maybe(text),
    })
    .meta({ id: 'Machine' }),
);

const serviceView = schemaOf<ServiceView>()(
  z.strictObject({
    name: text,
    image: text,
    wanted: natural,
    placed: natural,
    healthy: natural,
    updated: natural,
    ports: texts,
  }),
);

export const appView = schemaOf<AppView>()(
  z
    .strictObject({
      name: text,
      release: natural.nullable(),
      state: appState,
      services: z.array(serviceView),
      waiting: texts,
    })
    .meta({ id: 'AppView' }),
);

export const fleetStatus = schemaOf<FleetStatus>()(
  z.strictObject({
    fleet: text,
    version: text,
    plan: natural,
    machines: z.array(machineView),
    apps: z.array(appView),
  }),
);

export const replicaView = schemaOf<ReplicaView>()(
  z
    .strictObject({
      id: text,
      app: text,
      service: text,
      slot: natural,
      release: natural,
      machine: text,
      address: text,
      phase: z.enum(['starting', 'serving', 'draining']),
      reason: text,
      report: replicaReport.nullable(),
      away: maybe(z.literal(true)),
    })
    .meta({ id: 'Replica' }),
);

export const rolloutView = schemaOf<RolloutView>()(
  z.strictObject({
    app: appView,
    replicas: z.array(replicaView),
    plan: natural,
    behind: texts,
    done: z.enum(['healthy', 'rolled-back', 'failed', 'removed']).nullable(),
    failure: maybe(rolloutFailure),
  }),
);

export const releaseView = schemaOf<ReleaseView>()(
  z
    .strictObject({
      number: natural,
      at: z.number(),
      by: text,
      note: text,
      status: z.enum(['current', 'rolling', 'superseded', 'failed']),
      images: dictionary(text),
    })
    .meta({ id: 'Release' }),
);

export const fleetEvent = schemaOf<FleetEvent>()(
  z
    .strictObject({
      seq: natural,
      at: z.number(),
      kind: text,
      app: maybe(text),
      machine: maybe(text),
      subject: maybe(text),
      what: text,
      cause: maybe(z.enum(['intentional', 'corrective'])),
      stage: maybe(z.enum(['found', 'repaired', 'reported', 'allowed', 'over'])),
      by: maybe(text),
      detail: maybe(dictionary(text)),
    })
    .meta({ id: 'Event' }),
);

export const releaseAnswer = schemaOf<ReleaseAnswer>()(
  z
    .strictObject({
      release: natural,
      changed: z.boolean(),
      plan: natural,
      rolling: maybe(z.literal(true)),
    })
    .meta({ id: 'ReleaseAnswer' }),
);

export const secretView = schemaOf<SecretView>()(
  z.strictObject({ name: text, version: natural, at: z.number(), by: text }).meta({ id: 'Secret' }),
);

export const registryAccess = schemaOf<RegistryAccess>()(
  z.strictObject({
    address: text,
    name: text,
    username: text,
    password: text,
    ca: text,
    link: maybe(text),
  }),
);

export const logLine = schemaOf<LogLine>()(
  z
    .strictObject({
      replica: text,
      service: text,
      machine: text,
      at: z.number(),
      stream: z.enum(['stdout', 'stderr']),
      text,
    })
    .meta({ id: 'LogLine' }),
);

export const enrolment = schemaOf<Enrolment>()(
  z.strictObject({ machine: text, token: text, server: text, ca: text, expiresAt: z.number() }),
);

export const providerCheck = schemaOf<ProviderCheck>()(
  z.strictObject({ ok: z.boolean(), what: text, fix: maybe(text) }),
);

export const userDataView = schemaOf<UserDataView>()(
  z.strictObject({
    document: text,
    server: text,
    digest: text,
    expiresAt: z.number(),
    machines: natural,
    machine: maybe(text),
    pool: maybe(text),
  }),
);
