import { z } from 'zod';
import type { SecurityGroupModel } from '#spec/security-model.ts';
import type { TrafficRuleModel } from '#spec/traffic-model.ts';
import { appName, machineName, maybe, schemaOf, serviceName } from './schema-check.ts';

const port = z.int().min(1).max(65_535);

const ports = z.array(z.strictObject({ protocol: z.enum(['tcp', 'udp']), from: port, to: port }));

const rule = z.strictObject({
  peers: z.array(
    z.discriminatedUnion('kind', [
      z.strictObject({ kind: z.literal('any') }),
      z.strictObject({ kind: z.literal('cidr'), cidr: z.cidrv4() }),
      z.strictObject({ kind: z.literal('group'), group: machineName }),
    ]),
  ),
  ports,
});

/** What a service may hear from or reach. */
export const trafficRule = schemaOf<TrafficRuleModel>()(
  z.strictObject({
    peers: z.array(
      z.discriminatedUnion('kind', [
        z.strictObject({ kind: z.literal('any') }),
        z.strictObject({ kind: z.literal('ingress') }),
        z.strictObject({ kind: z.literal('machines') }),
        z.strictObject({ kind: z.literal('cidr'), cidr: z.cidrv4() }),
        z.strictObject({ kind: z.literal('group'), group: machineName }),
        z.strictObject({ kind: z.literal('service'), app: maybe(appName), service: serviceName }),
      ]),
    ),
    ports,
  }),
);

export const securityGroup = schemaOf<SecurityGroupModel>()(
  z
    .strictObject({
      name: machineName,
      cidrs: z.array(z.cidrv4()),
      machines: z.array(z.string().regex(/^[a-z0-9*?-]+$/, 'a pattern of machine names')),
      inbound: z.array(rule),
      outbound: maybe(z.array(rule)),
    })
    .meta({ id: 'SecurityGroup' }),
);
