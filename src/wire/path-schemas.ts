import { z } from 'zod';
import { counter, outcome } from './firewall-schemas.ts';
import type { PathAnswer } from './path-messages.ts';
import { maybe, milliseconds, schemaOf, text } from './schema-check.ts';

const port = z.int().min(1).max(65_535);

export const pathAnswer = schemaOf<PathAnswer>()(
  z.discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('connect'), outcome, ms: milliseconds }),
    z.strictObject({
      kind: z.literal('resolve'),
      servers: z.array(text),
      addresses: z.array(text),
      trouble: maybe(text),
    }),
    z.strictObject({ kind: z.literal('listening'), ports: z.array(port) }),
    z.strictObject({ kind: z.literal('route'), link: text.nullable() }),
    z.strictObject({ kind: z.literal('lookup'), chain: text.nullable(), rules: z.array(text) }),
    z.strictObject({ kind: z.literal('counters'), counters: z.array(counter) }),
    z.strictObject({
      kind: z.literal('mesh'),
      neighbours: z.array(z.strictObject({ networks: z.array(text), handshakeMs: milliseconds.nullable() })),
    }),
    z.strictObject({ kind: z.literal('failed'), why: text }),
  ]),
);
