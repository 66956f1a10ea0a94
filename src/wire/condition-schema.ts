import { z } from 'zod';
import type { MachineCondition } from '#plan/model.ts';
import { schemaOf, text } from './schema-check.ts';

export const machineCondition = schemaOf<MachineCondition>()(
  z
    .strictObject({ kind: z.enum(['disk-pressure', 'memory-pressure']), since: z.number(), what: text })
    .meta({ id: 'MachineCondition' }),
);
