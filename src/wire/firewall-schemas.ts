import { z } from 'zod';
import type { Listener } from '#plan/listeners.ts';
import type { FirewallCounter, FirewallState, FirewallView, ProbeResult } from './firewall-views.ts';
import { machineName, maybe, natural, schemaOf, text } from './schema-check.ts';

const port = z.int().min(1).max(65_535);
const ports = z.array(port).max(65_535);

export const counter = schemaOf<FirewallCounter>()(
  z.strictObject({ comment: text, packets: natural, bytes: natural }),
);

export const firewallState = schemaOf<FirewallState>()(
  z.strictObject({ counters: z.array(counter), listening: ports }),
);

export const outcome = z.enum(['open', 'refused', 'silent', 'unreachable']);

export const probeResult = schemaOf<ProbeResult>()(
  z.strictObject({
    address: z.ipv4(),
    port,
    outcome,
  }),
);

export const listener = schemaOf<Listener>()(
  z.strictObject({
    protocol: z.enum(['tcp', 'udp']),
    port,
    address: text,
    process: maybe(text),
    pid: maybe(natural),
    unit: maybe(text),
  }),
);

/** Machines are named, so that nobody has one knock elsewhere. */
export const probeTargets = z.array(z.strictObject({ machine: machineName, port })).max(1_000);

export const firewallView = schemaOf<FirewallView>()(
  z
    .strictObject({
      machine: text,
      address: text,
      connected: z.boolean(),
      rules: z.array(
        z.strictObject({
          direction: z.enum(['in', 'out']),
          who: text,
          places: z.union([z.array(text), z.literal('any')]),
          ports: z.array(z.strictObject({ protocol: z.enum(['tcp', 'udp']), from: port, to: port })),
          origin: text,
          packets: natural.nullable(),
          bytes: natural.nullable(),
        }),
      ),
      shutIn: z.boolean(),
      refused: z.array(counter),
      listening: ports.nullable(),
      published: ports,
    })
    .meta({ id: 'Firewall' }),
);
