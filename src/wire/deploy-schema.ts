import { z } from 'zod';
import type { DeployModel, ResourcesModel, UpdateModel } from '#spec/model.ts';
import { amount, dictionary, maybe, milliseconds, natural, schemaOf, text } from './schema-check.ts';

const resources = schemaOf<ResourcesModel>()(
  z.strictObject({ cpus: maybe(amount), memoryBytes: maybe(natural), pids: maybe(z.int()) }),
);

const update = schemaOf<UpdateModel>()(
  z.strictObject({
    parallelism: natural,
    delayMs: milliseconds,
    order: z.enum(['start-first', 'stop-first']),
    onFailure: z.enum(['rollback', 'pause', 'continue']),
    monitorMs: milliseconds,
    maxFailureRatio: z.number().min(0).max(1),
  }),
);

/** Replicas of one service that a person can mean. */
export const replicaCount = z.int().min(0).max(10_000);

export const deploy = schemaOf<DeployModel>()(
  z.strictObject({
    mode: z.enum(['replicated', 'global', 'replicated-job', 'global-job']),
    replicas: replicaCount,
    limits: resources,
    reservations: resources,
    update,
    rollback: update,
    constraints: z.array(z.strictObject({ key: text, equal: z.boolean(), value: text })),
    spread: z.array(text),
    maxPerMachine: maybe(natural),
    endpointMode: z.enum(['vip', 'dnsrr']),
    labels: dictionary(text),
  }),
);
