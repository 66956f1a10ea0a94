import { z } from 'zod';
import { outcome } from './firewall-schemas.ts';
import { maybe, milliseconds, natural, schemaOf, text } from './schema-check.ts';
import type { PathTrace, ServiceExplanation, TrafficTest } from './traffic-views.ts';

export const trafficTest = schemaOf<TrafficTest>()(
  z.strictObject({
    tries: z.array(
      z.strictObject({
        from: text,
        replica: maybe(text),
        machine: maybe(text),
        to: text,
        at: text,
        address: text,
        port: z.int(),
        expected: z.enum(['open', 'refused', 'closed', 'unproven']),
        why: text,
        origin: text,
        seen: z.union([outcome, z.literal('not tried')]).nullable(),
        ms: maybe(milliseconds),
        trouble: maybe(text),
      }),
    ),
  }),
);

const topic = z.enum([
  'address',
  'name',
  'network',
  'inbound',
  'outbound',
  'refused',
  'port',
  'route',
  'replica',
  'resource',
]);

export const serviceExplanation = schemaOf<ServiceExplanation>()(
  z.strictObject({
    service: text,
    release: natural,
    facts: z.array(
      z.strictObject({
        topic,
        what: text,
        detail: text,
        origin: text,
        machine: maybe(text),
        packets: maybe(natural),
      }),
    ),
  }),
);

export const pathTrace = schemaOf<PathTrace>()(
  z.strictObject({
    from: text,
    to: text,
    port: z.int(),
    ways: z.array(
      z.strictObject({
        from: text,
        machine: text,
        to: text,
        toMachine: text,
        hops: z.array(
          z.strictObject({
            hop: z.enum([
              'replica',
              'name',
              'rule',
              'table',
              'route',
              'mesh',
              'table there',
              'process',
              'health',
              'balancing',
              'connection',
            ]),
            state: z.enum(['ok', 'broken', 'unknown']),
            what: text,
            fix: maybe(text),
          }),
        ),
      }),
    ),
  }),
);
