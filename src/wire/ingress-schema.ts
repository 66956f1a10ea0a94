import { z } from 'zod';
import type { FleetIngressModel, IngressModel } from '#spec/ingress-model.ts';
import type { IngressView } from './ingress-views.ts';
import { maybe, natural, objectName, port, schemaOf, text } from './schema-check.ts';

const hostName = z
  .string()
  .max(253)
  .regex(/^(\*\.)?[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/, 'a host name');

/** A way in from the world. */
export const ingress = schemaOf<IngressModel>()(
  z.strictObject({
    hosts: z.array(hostName).min(1).max(100),
    pathPrefix: z.string().regex(/^\/[^\s?#*{}]*$/, 'a path beginning with /'),
    port,
    tls: z.discriminatedUnion('kind', [
      z.strictObject({ kind: z.literal('auto') }),
      z.strictObject({ kind: z.literal('internal') }),
      z.strictObject({ kind: z.literal('off') }),
      z.strictObject({ kind: z.literal('given'), cert: objectName, key: objectName }),
    ]),
    redirect: z.boolean(),
    redirectFrom: z.array(hostName).max(100),
  }),
);

export const fleetIngress = schemaOf<FleetIngressModel>()(
  z.strictObject({
    acme: maybe(z.strictObject({ directory: z.url(), email: maybe(text), ca: maybe(text) })),
  }),
);

/** A host name as part of what is asked for. */
export const askedHost = hostName;

export const ingressView = schemaOf<IngressView>()(
  z
    .strictObject({
      ...{ host: text, path: text, app: text, service: text, port: maybe(port), sentTo: maybe(text) },
      tls: z.enum(['auto', 'internal', 'off', 'given']),
      replicas: natural,
      certificate: maybe(z.enum(['internal', 'acme', 'given'])),
      endsAt: maybe(z.number()),
      problem: maybe(text),
      nextAt: maybe(z.number()),
      origin: text,
    })
    .meta({ id: 'Ingress' }),
);
