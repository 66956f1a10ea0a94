import { z } from 'zod';
import type { MachineCondition } from '#plan/model.ts';
import { schemaOf, text } from './schema-check.ts';
import type { RemarkedCondition } from './views.ts';

export const machineCondition = schemaOf<MachineCondition>()(
  z
    .strictObject({ kind: z.enum(['disk-pressure', 'memory-pressure']), since: z.number(), what: text })
    .meta({ id: 'MachineCondition' }),
);

export const remarkedCondition = schemaOf<RemarkedCondition>()(
  z
    .strictObject({ kind: z.enum(['wrong-clock', 'copied-identity']), since: z.number(), what: text })
    .meta({ id: 'RemarkedCondition' }),
);
