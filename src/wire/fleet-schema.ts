import { z } from 'zod';
import type { FleetModel } from '#spec/fleet-model.ts';
import { hostModel } from './host-schema.ts';
import {
  amount,
  dictionary,
  machineName,
  maybe,
  milliseconds,
  natural,
  schemaOf,
  text,
} from './schema-check.ts';

const pool = z.strictObject({
  name: machineName,
  provider: z.enum(['local', 'ssh']),
  count: maybe(z.int().min(0).max(254)),
  labels: dictionary(text),
  size: z.strictObject({ cpus: maybe(amount), memoryBytes: maybe(natural) }),
  replaceAfterMs: maybe(milliseconds),
  address: maybe(text),
  host: maybe(hostModel),
});

export const fleetModel = schemaOf<FleetModel>()(
  z
    .strictObject({
      name: machineName,
      pools: dictionary(pool, machineName),
      network: z.strictObject({ machines: z.cidrv4(), containers: z.cidrv4() }),
      registry: z.strictObject({ machine: maybe(machineName) }),
      host: maybe(hostModel),
    })
    .meta({ id: 'Fleet' }),
);
