import { z } from 'zod';
import type { BlockIoModel } from '#spec/block-io-model.ts';
import type {
  BuildModel,
  DeviceModel,
  GrantModel,
  HealthcheckModel,
  PortModel,
  ProbeModel,
  RestartModel,
} from '#spec/model.ts';
import {
  dictionary,
  maybe,
  milliseconds,
  natural,
  objectName,
  port as portNumber,
  schemaOf,
  text,
} from './schema-check.ts';

export const ulimits = dictionary(z.strictObject({ soft: z.int(), hard: z.int() }));

const rates = z.array(z.strictObject({ path: text, rate: natural }));

export const blockIo = schemaOf<BlockIoModel>()(
  z.strictObject({
    weight: maybe(natural),
    deviceWeights: z.array(z.strictObject({ path: text, weight: natural })),
    readBps: rates,
    writeBps: rates,
    readIops: rates,
    writeIops: rates,
  }),
);

export const build = schemaOf<BuildModel>()(
  z.strictObject({
    context: text,
    file: maybe(text),
    inline: maybe(text),
    args: dictionary(text),
    target: maybe(text),
    labels: dictionary(text),
    network: maybe(text),
    noCache: z.boolean(),
    pull: z.boolean(),
    additionalContexts: dictionary(text),
    extraHosts: z.array(z.strictObject({ name: text, address: text })),
    shmSizeBytes: maybe(natural),
    ulimits: maybe(ulimits),
    platforms: z.array(text),
    tags: z.array(text),
  }),
);

export const device = schemaOf<DeviceModel>()(
  z.strictObject({ source: text, target: text, permissions: text }),
);

export const grant = schemaOf<GrantModel>()(
  z.strictObject({ source: objectName, target: text, uid: natural, gid: natural, mode: natural }),
);

export const port = schemaOf<PortModel>()(
  z.strictObject({
    target: portNumber,
    published: portNumber,
    protocol: z.enum(['tcp', 'udp']),
    hostIp: maybe(text),
    mode: z.enum(['ingress', 'host']),
    name: maybe(text),
  }),
);

export const healthcheck = schemaOf<HealthcheckModel>()(
  z.strictObject({
    test: z.array(text),
    shell: z.boolean(),
    intervalMs: milliseconds,
    timeoutMs: milliseconds,
    retries: natural,
    startPeriodMs: milliseconds,
    startIntervalMs: milliseconds,
  }),
);

export const probe = schemaOf<ProbeModel>()(
  z.strictObject({
    path: text,
    port: portNumber,
    intervalMs: milliseconds,
    timeoutMs: milliseconds,
    retries: natural,
    startPeriodMs: milliseconds,
  }),
);

export const restart = schemaOf<RestartModel>()(
  z.strictObject({
    condition: z.enum(['none', 'on-failure', 'any']),
    delayMs: milliseconds,
    maxAttempts: maybe(natural),
    windowMs: maybe(milliseconds),
  }),
);
