import { z } from 'zod';
import type { Origin, Problem } from '#base/result.ts';
import type { AppModel, MountModel, Origins, SecretModel, VolumeModel } from '#spec/model.ts';
import type { NetworkModel } from '#spec/network-model.ts';
import { deploy } from './deploy-schema.ts';
import { ingress } from './ingress-schema.ts';
import {
  amount,
  appName,
  dictionary,
  maybe,
  natural,
  objectName,
  schemaOf,
  serviceName,
  text,
} from './schema-check.ts';
import { trafficRule } from './security-schema.ts';
import {
  blockIo,
  build,
  device,
  grant,
  healthcheck,
  port,
  probe,
  restart,
  ulimits,
} from './service-schema.ts';

export const origin = schemaOf<Origin>()(
  z.strictObject({ file: text, line: natural, column: natural }).meta({ id: 'Origin' }),
);
export const origins = schemaOf<Origins>()(dictionary(origin));

export const problem = schemaOf<Problem>()(
  z
    .strictObject({ code: text, what: text, why: maybe(text), fix: maybe(text), at: maybe(origin) })
    .meta({ id: 'Problem' }),
);

const mount = schemaOf<MountModel>()(
  z.discriminatedUnion('kind', [
    z.strictObject({
      kind: z.literal('volume'),
      volume: objectName,
      target: text,
      readOnly: z.boolean(),
      noCopy: z.boolean(),
      subpath: maybe(text),
    }),
    z.strictObject({ kind: z.literal('anonymous'), target: text, readOnly: z.boolean() }),
    z.strictObject({
      kind: z.literal('bind'),
      source: text,
      target: text,
      readOnly: z.boolean(),
      createSource: z.boolean(),
      propagation: maybe(text),
      selinux: maybe(z.enum(['z', 'Z'])),
    }),
    z.strictObject({
      kind: z.literal('tmpfs'),
      target: text,
      sizeBytes: maybe(natural),
      mode: maybe(natural),
      options: maybe(z.array(text)),
    }),
  ]),
);

const texts = z.array(text);
const hosts = z.array(z.strictObject({ name: text, address: text }));

const onLoss = z.enum(['wait', 'recreate', 'restore']);

const service = z
  .strictObject({
    name: serviceName,
    image: maybe(text),
    build: maybe(build),
    command: maybe(texts),
    entrypoint: maybe(texts),
    environment: dictionary(text),
    user: maybe(text),
    groupAdd: texts,
    workingDir: maybe(text),
    hostname: maybe(text),
    readOnly: z.boolean(),
    init: z.boolean(),
    tty: z.boolean(),
    stdinOpen: z.boolean(),
    privileged: z.boolean(),
    capAdd: texts,
    capDrop: texts,
    securityOpt: texts,
    sysctls: dictionary(text),
    ulimits: ulimits,
    devices: z.array(device),
    shmSizeBytes: maybe(natural),
    pidsLimit: maybe(z.int()),
    memorySwapBytes: maybe(z.int()),
    cpuShares: maybe(natural),
    cpuset: maybe(text),
    blockIo: maybe(blockIo),
    deviceCgroupRules: maybe(texts),
    userns: maybe(z.enum(['host'])),
    ipc: maybe(z.enum(['host', 'none', 'shareable'])),
    pid: maybe(z.literal('host')),
    uts: maybe(z.literal('host')),
    cgroup: maybe(z.literal('host')),
    platform: maybe(text),
    pullPolicy: maybe(z.enum(['always', 'build'])),
    oomScoreAdj: maybe(z.int().min(-1000).max(1000)),
    mounts: z.array(mount),
    secrets: z.array(grant),
    configs: z.array(grant),
    ports: z.array(port),
    expose: texts,
    networkMode: z.enum(['bridge', 'host', 'none', 'service']),
    networkOf: maybe(serviceName),
    networks: dictionary(z.strictObject({ aliases: texts, address: maybe(z.ipv4()) })),
    dns: texts,
    dnsSearch: texts,
    dnsOpt: texts,
    extraHosts: hosts,
    healthcheck: maybe(z.union([healthcheck, z.literal('disabled')])),
    probe: maybe(probe),
    restart,
    stopSignal: maybe(text),
    stopGraceMs: amount,
    logging: maybe(z.strictObject({ driver: text, options: dictionary(text) })),
    labels: dictionary(text),
    annotations: dictionary(text),
    dependsOn: z.array(
      z.strictObject({
        service: serviceName,
        condition: z.enum(['started', 'healthy', 'completed']),
        restart: z.boolean(),
        required: z.boolean(),
      }),
    ),
    deploy,
    onLoss: maybe(onLoss),
    inbound: maybe(z.array(trafficRule)),
    outbound: maybe(z.array(trafficRule)),
    ingress: maybe(z.array(ingress)),
    restartNonce: maybe(natural),
  })
  .meta({ id: 'Service' });

const network = schemaOf<NetworkModel>()(
  z.strictObject({
    name: text,
    internal: z.boolean(),
    external: z.boolean(),
    labels: dictionary(text),
    subnets: maybe(z.array(z.cidrv4())),
  }),
);

const volume = schemaOf<VolumeModel>()(
  z.strictObject({
    name: objectName,
    external: z.boolean(),
    driver: text,
    driverOpts: dictionary(text),
    labels: dictionary(text),
    onLoss: maybe(onLoss),
  }),
);

const secret = schemaOf<SecretModel>()(
  z.strictObject({
    name: text,
    from: z.discriminatedUnion('kind', [
      z.strictObject({ kind: z.literal('external') }),
      z.strictObject({ kind: z.literal('file'), path: text }),
      z.strictObject({ kind: z.literal('environment'), variable: text }),
    ]),
  }),
);

export const appModel = schemaOf<AppModel>()(
  z
    .strictObject({
      name: appName,
      services: dictionary(service, serviceName),
      networks: dictionary(network, objectName),
      volumes: dictionary(volume, objectName),
      secrets: dictionary(secret, objectName),
      configs: dictionary(z.strictObject({ name: text, content: text }), objectName),
    })
    .meta({ id: 'App' }),
);
