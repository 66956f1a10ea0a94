import { z } from 'zod';
import type { Drift } from '#plan/drift.ts';
import type { DriftView, ExplainedResource, MachineExplanation, RepairView } from './drift-views.ts';
import { maybe, natural, schemaOf, text } from './schema-check.ts';
import { fleetEvent, stepFailure } from './view-schemas.ts';

const fields = {
  resource: text,
  kind: text,
  found: z.enum(['missing', 'changed', 'unwanted']),
  changes: z.array(z.strictObject({ name: text, before: text.nullable(), after: text.nullable() })),
  since: z.number(),
  by: maybe(text),
  doing: z.enum(['repairing', 'reported', 'allowed']),
  until: maybe(z.number()),
};

export const drift = schemaOf<Drift>()(z.strictObject(fields).meta({ id: 'Drift' }));

export const driftView = schemaOf<DriftView>()(
  z.strictObject({
    machines: z.array(
      z.strictObject({
        machine: text,
        status: z.enum(['pending', 'online', 'offline']),
        repair: z.enum(['always', 'report']),
        drift: z.array(z.strictObject({ ...fields, origin: text, failure: maybe(text) })),
      }),
    ),
    recent: z.array(fleetEvent),
  }),
);

export const repairView = schemaOf<RepairView>()(
  z.strictObject({ machine: text, repaired: z.array(text), failures: z.array(stepFailure) }),
);

const explainedResource = schemaOf<ExplainedResource>()(
  z.strictObject({
    id: text,
    kind: text,
    name: text,
    origin: text,
    after: z.array(text),
    state: z.enum(['held', 'pending', 'drift', 'failing', 'unknown']),
    detail: maybe(text),
  }),
);

export const machineExplanation = schemaOf<MachineExplanation>()(
  z.strictObject({ machine: text, plan: natural, resources: z.array(explainedResource) }),
);
