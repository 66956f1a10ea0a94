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
  provider: z.enum(['local', 'ssh', 'incus', 'user-data']),
  count: maybe(z.int().min(0).max(254)),
  labels: dictionary(text),
  size: z.strictObject({ cpus: maybe(amount), memoryBytes: maybe(natural) }),
  replaceAfterMs: maybe(milliseconds),
  address: maybe(text),
  host: maybe(hostModel),
  incus: maybe(
    z.strictObject({
      on: text,
      type: z.enum(['container', 'vm']),
      image: text,
      imageServer: maybe(text),
      network: text,
      storage: maybe(text),
      profiles: z.array(text),
    }),
  ),
});

const incus = z.strictObject({
  name: machineName,
  url: z.string().regex(/^https:\/\/[^\s/]+$/, 'https://HOST:PORT'),
  fingerprint: maybe(z.string().regex(/^[0-9a-f]{64}$/, '64 hexadecimal digits')),
  ca: maybe(text),
  secret: maybe(text),
  identity: maybe(text),
  project: text,
  addresses: z.cidrv4(),
});

export const fleetModel = schemaOf<FleetModel>()(
  z
    .strictObject({
      name: machineName,
      pools: dictionary(pool, machineName),
      network: z.strictObject({ machines: z.cidrv4(), containers: z.cidrv4() }),
      incus: maybe(dictionary(incus, machineName)),
      registry: z.strictObject({ machine: maybe(machineName) }),
      host: maybe(hostModel),
    })
    .meta({ id: 'Fleet' }),
);
