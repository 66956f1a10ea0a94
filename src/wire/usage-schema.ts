import { z } from 'zod';
import { dictionary, natural, schemaOf } from './schema-check.ts';
import type { MachineUsage, ReplicaUsage } from './usage.ts';

const replicaUsage = schemaOf<ReplicaUsage>()(
  z
    .strictObject({
      cpus: z.number(),
      memoryBytes: z.number(),
      memoryLimitBytes: z.number().nullable(),
      pids: natural,
    })
    .meta({ id: 'ReplicaUsage' }),
);

export const machineUsage = schemaOf<MachineUsage>()(
  z
    .strictObject({ cpus: z.number(), memoryBytes: z.number(), replicas: dictionary(replicaUsage) })
    .meta({ id: 'MachineUsage' }),
);
