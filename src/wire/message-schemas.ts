import { z } from 'zod';
import type { AgentReport, FromAgent } from './agent-messages.ts';
import { machineCondition } from './condition-schema.ts';
import { drift } from './drift-schemas.ts';
import type { ExecFromClient, ExecStart, TerminalSize } from './exec-messages.ts';
import { firewallState, listener, probeResult } from './firewall-schemas.ts';
import { pathAnswer } from './path-schemas.ts';
import {
  dictionary,
  integer,
  maybe,
  natural,
  objectName,
  schemaOf,
  serviceName,
  text,
} from './schema-check.ts';
import { machineUsage } from './usage-schema.ts';
import { fleetEvent, logLine, machineFacts, replicaReport, stepFailure } from './view-schemas.ts';

const agentReport = schemaOf<AgentReport>()(
  z.strictObject({
    generation: natural,
    converged: natural,
    tried: maybe(natural),
    facts: machineFacts,
    replicas: dictionary(replicaReport),
    failures: z.array(stepFailure),
    conditions: maybe(z.array(machineCondition)),
    drift: maybe(z.array(drift)),
    clock: maybe(z.number()),
  }),
);

/** Base64 of at most a mebibyte of output. */
const data = z.base64().max(1_400_000);

/** What an agent may say. */
export const fromAgent = schemaOf<FromAgent>()(
  z.discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('report'), report: agentReport }),
    z.strictObject({ kind: z.literal('event'), event: fleetEvent.omit({ seq: true, machine: true }) }),
    z.strictObject({ kind: z.literal('log'), stream: natural, line: logLine }),
    z.strictObject({
      kind: z.literal('output'),
      stream: natural,
      fd: z.union([z.literal(1), z.literal(2)]),
      data,
    }),
    z.strictObject({ kind: z.literal('firewall'), stream: natural, state: firewallState }),
    z.strictObject({ kind: z.literal('probed'), stream: natural, results: z.array(probeResult) }),
    z.strictObject({ kind: z.literal('listeners'), stream: natural, found: z.array(listener).max(10_000) }),
    z.strictObject({ kind: z.literal('path'), stream: natural, answers: z.array(pathAnswer) }),
    z.strictObject({ kind: z.literal('usage'), stream: natural, usage: machineUsage }),
    z.strictObject({ kind: z.literal('end'), stream: natural, code: integer, error: maybe(text) }),
  ]),
);

const side = z.int().min(1).max(9_999);
const size = schemaOf<TerminalSize>()(z.strictObject({ rows: side, columns: side }));

export const execStart = schemaOf<ExecStart>()(
  z.strictObject({
    service: maybe(serviceName),
    replica: maybe(objectName),
    command: z.array(text).min(1),
    tty: z.boolean(),
    size: maybe(size),
    stdin: z.boolean(),
    env: dictionary(text),
    user: maybe(text),
    workdir: maybe(text),
  }),
);

export const execFromClient = schemaOf<ExecFromClient>()(
  z.discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('stdin'), data }),
    z.strictObject({ kind: z.literal('stdin-end') }),
    z.strictObject({ kind: z.literal('resize'), size }),
  ]),
);
