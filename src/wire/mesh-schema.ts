import { z } from 'zod';
import type { MeshFacts } from '#plan/mesh.ts';
import type { MeshView } from './mesh-views.ts';
import { dictionary, maybe, natural, schemaOf, text } from './schema-check.ts';

const round = z.string().regex(/^\d{1,9}$/);

export const meshFacts = schemaOf<MeshFacts>()(
  z
    .strictObject({
      wireguard: z.enum(['kernel', 'user']),
      keys: dictionary(z.string().max(64), round),
      peers: z.array(
        z.strictObject({
          machine: text,
          round: natural,
          handshakeAt: z.number(),
          roundTripMs: maybe(z.number()),
        }),
      ),
    })
    .meta({ id: 'MeshFacts' }),
);

export const meshView = schemaOf<MeshView>()(
  z
    .strictObject({
      carrier: z.enum(['wireguard', 'none']),
      round: natural,
      since: z.number(),
      change: z
        .strictObject({
          round: natural,
          phase: z.enum(['preparing', 'moving']),
          waitsFor: z.array(text),
        })
        .nullable(),
    })
    .meta({ id: 'MeshView' }),
);
