import { z } from 'zod';
import { problem } from './app-schema.ts';
import { maybe, natural, schemaOf, text } from './schema-check.ts';
import type {
  FieldChange,
  FleetPreview,
  MachineChange,
  PlanPreview,
  ResourceChange,
  ServiceChange,
} from './views.ts';

const action = z.enum(['create', 'update', 'replace', 'delete']);
const fieldChange = schemaOf<FieldChange>()(
  z.strictObject({ name: text, before: text.nullable(), after: text.nullable() }).meta({ id: 'FieldChange' }),
);
const summary = z.strictObject({ add: natural, change: natural, replace: natural, remove: natural });

const resourceChange = schemaOf<ResourceChange>()(
  z
    .strictObject({
      machine: text,
      resource: text,
      action,
      fields: z.array(fieldChange),
      reason: text,
      origin: text,
    })
    .meta({ id: 'ResourceChange' }),
);

const serviceChange = schemaOf<ServiceChange>()(
  z.strictObject({
    service: text,
    action,
    before: natural,
    after: natural,
    replaced: natural,
    fields: z.array(fieldChange),
  }),
);

export const planPreview = schemaOf<PlanPreview>()(
  z.strictObject({
    app: text,
    parent: natural,
    release: z.strictObject({ before: natural.nullable(), after: natural }),
    services: z.array(serviceChange),
    changes: z.array(resourceChange),
    placements: z.array(z.strictObject({ replica: text, machine: text, reason: text })),
    problems: z.array(problem),
    warnings: maybe(z.array(problem)),
    summary,
  }),
);

const machineChange = schemaOf<MachineChange>()(
  z.strictObject({
    machine: text,
    action: z.enum(['create', 'update', 'delete']),
    provider: text,
    address: text,
    fields: z.array(fieldChange),
    note: text,
  }),
);

export const fleetPreview = schemaOf<FleetPreview>()(
  z.strictObject({
    fleet: text,
    parent: natural,
    machines: z.array(machineChange),
    fields: z.array(fieldChange),
    changes: z.array(resourceChange),
    problems: z.array(problem),
    summary,
  }),
);
