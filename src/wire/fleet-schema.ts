import { z } from 'zod';
import type { FleetModel } from '#spec/fleet-model.ts';
import { hostModel } from './host-schema.ts';
import { fleetIngress } from './ingress-schema.ts';
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
import { securityGroup } from './security-schema.ts';

const pool = z.strictObject({
  name: machineName,
  provider: z.enum(['local', 'ssh', 'incus', 'user-data']),
  count: maybe(z.int().min(0).max(254)),
  labels: dictionary(text),
  size: z.strictObject({ cpus: maybe(amount), memoryBytes: maybe(natural) }),
  reserve: maybe(
    z.strictObject({ cpus: maybe(amount), memoryBytes: maybe(natural), diskBytes: maybe(natural) }),
  ),
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
  securityGroups: maybe(z.array(machineName)),
});

const drift = z.strictObject({
  repair: z.enum(['always', 'report']),
  allow: z.array(
    z.strictObject({ resource: z.string().min(1).max(500), machines: maybe(text), until: z.number() }),
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

/** The rest of what a rule must be is the server's to say, with all that is wrong at once. */
export const accessRule = z.strictObject({
  who: z.string().max(200),
  machines: z.array(z.string().max(200)).max(100),
  as: z.string().max(64),
  sudo: z.array(z.string().max(1_000)).max(100),
  ttlMs: amount,
  command: maybe(z.string().max(4_000)),
  from: z.array(z.string().max(64)).max(100),
  entry: maybe(natural),
});

export const fleetModel = schemaOf<FleetModel>()(
  z
    .strictObject({
      name: machineName,
      pools: dictionary(pool, machineName),
      network: z.strictObject({
        machines: z.cidrv4(),
        containers: z.cidrv4(),
        services: maybe(z.cidrv4()),
        mesh: maybe(z.literal('wireguard')),
      }),
      incus: maybe(dictionary(incus, machineName)),
      registry: z.strictObject({ machine: maybe(machineName) }),
      host: maybe(hostModel),
      access: maybe(z.array(accessRule).max(1_000)),
      securityGroups: maybe(dictionary(securityGroup, machineName)),
      drift: maybe(drift),
      ingress: maybe(fleetIngress),
    })
    .meta({ id: 'Fleet' }),
);
