import type { AppModel, ServiceModel } from '#spec/model.ts';
import { service } from '#test/sim/world.ts';

/** Every optional member is there, so that a new field of the model does not compile until it is in the sample. */
type Whole<T> = T extends string | number | boolean | readonly string[]
  ? T
  : T extends readonly (infer One)[]
    ? readonly Whole<One>[]
    : { readonly [K in keyof T]-?: Whole<NonNullable<T[K]>> };

const pace = { parallelism: 2, delayMs: 5_000, order: 'start-first', monitorMs: 7_000, maxFailureRatio: 0 } as const;

const web: Whole<Omit<ServiceModel, 'probe'>> = {
  name: 'web',
  image: 'web@sha256:0',
  build: {
    context: '/app',
    file: '/app/Containerfile',
    inline: 'FROM scratch',
    args: { VERSION: '1' },
    target: 'final',
    labels: { of: 'image' },
    network: 'host',
    noCache: false,
    pull: false,
    additionalContexts: { more: '/more' },
    extraHosts: [{ name: 'mirror', address: '192.0.2.1' }],
    shmSizeBytes: 1,
    ulimits: { nofile: { soft: 1, hard: 2 } },
    platforms: ['linux/amd64'],
    tags: ['one'],
  },
  command: ['run'],
  entrypoint: ['/entry'],
  environment: { KEY: 'value' },
  user: '1:2',
  groupAdd: ['3'],
  workingDir: '/work',
  hostname: 'host',
  readOnly: false,
  init: false,
  tty: false,
  stdinOpen: false,
  privileged: false,
  capAdd: ['NET_ADMIN'],
  capDrop: ['CHOWN'],
  securityOpt: ['no-new-privileges', 'label=disable'],
  sysctls: { 'net.core.somaxconn': '1' },
  ulimits: { nofile: { soft: 1, hard: -1 } },
  devices: [{ source: '/dev/a', target: '/dev/b', permissions: 'r' }],
  shmSizeBytes: 1,
  pidsLimit: 9,
  memorySwapBytes: 9_000,
  cpuShares: 1,
  cpuset: '0',
  blockIo: {
    weight: 10,
    deviceWeights: [{ path: '/dev/a', weight: 1 }],
    readBps: [{ path: '/dev/b', rate: 1 }],
    writeBps: [{ path: '/dev/c', rate: 1 }],
    readIops: [{ path: '/dev/d', rate: 1 }],
    writeIops: [{ path: '/dev/e', rate: 1 }],
  },
  deviceCgroupRules: ['c 1:1 r'],
  userns: 'host',
  ipc: 'shareable',
  pid: 'host',
  uts: 'host',
  cgroup: 'host',
  platform: 'linux/amd64',
  pullPolicy: 'always',
  oomScoreAdj: 1,
  mounts: [
    { kind: 'volume', volume: 'data', target: '/data', readOnly: false, noCopy: false, subpath: 'below' },
    { kind: 'volume', volume: 'data', target: '/whole', readOnly: false, noCopy: false, subpath: '' },
    { kind: 'anonymous', target: '/anonymous', readOnly: false },
    { kind: 'bind', source: '/a', target: '/b', readOnly: false, createSource: true, propagation: 'rslave', selinux: 'z' },
    { kind: 'tmpfs', target: '/tmp', sizeBytes: 1, mode: 1, options: ['noexec'] },
  ],
  secrets: [{ source: 'password', target: '/password', uid: 1, gid: 2, mode: 0o400 }],
  configs: [{ source: 'conf', target: '/conf', uid: 1, gid: 2, mode: 0o400 }],
  ports: [{ target: 1, published: 2, protocol: 'tcp', hostIp: '192.0.2.1', mode: 'ingress', name: 'http' }],
  expose: ['3/tcp'],
  networkMode: 'bridge',
  networkOf: 'nobody',
  networks: { default: { aliases: ['another'], address: '10.99.0.5' } },
  dns: ['192.0.2.2'],
  dnsSearch: ['example.com'],
  dnsOpt: ['ndots:1'],
  extraHosts: [{ name: 'printer', address: '192.0.2.3' }],
  healthcheck: {
    test: ['/check', 'it'],
    shell: false,
    intervalMs: 1,
    timeoutMs: 2,
    retries: 3,
    startPeriodMs: 4,
    startIntervalMs: 5,
  },
  restart: { condition: 'on-failure', delayMs: 1, maxAttempts: 2, windowMs: 3 },
  stopSignal: 'SIGINT',
  stopGraceMs: 1_000,
  logging: { driver: 'journald', options: { tag: 'x' } },
  labels: { team: 'shop' },
  annotations: { note: 'x' },
  dependsOn: [
    { service: 'db', condition: 'healthy', restart: true, required: true },
    { service: 'ghost', condition: 'started', restart: false, required: false },
  ],
  deploy: {
    mode: 'replicated',
    replicas: 3,
    limits: { cpus: 1, memoryBytes: 8_000, pids: 9 },
    reservations: { cpus: 4, memoryBytes: 4_000, pids: 1 },
    update: { ...pace, onFailure: 'rollback' },
    rollback: { ...pace, parallelism: 1, onFailure: 'continue' },
    constraints: [{ key: 'node.labels.zone', equal: true, value: 'a' }],
    spread: ['rack'],
    maxPerMachine: 1,
    endpointMode: 'dnsrr',
    labels: { team: 'shop' },
  },
  onLoss: 'recreate',
  inbound: [{ peers: [{ kind: 'service', app: 'shop', service: 'api' }], ports: [{ protocol: 'tcp', from: 1, to: 2 }] }],
  outbound: [{ peers: [{ kind: 'cidr', cidr: '192.0.2.0/24' }], ports: [{ protocol: 'udp', from: 1, to: 2 }] }],
  ingress: [
    { hosts: ['a.test'], pathPrefix: '/a', port: 80, tls: { kind: 'internal' }, redirect: false, redirectFrom: ['b.test'] },
  ],
  restartNonce: 1,
};

const probe: Whole<NonNullable<ServiceModel['probe']>> = {
  path: '/healthz',
  port: 1,
  intervalMs: 1,
  timeoutMs: 2,
  retries: 3,
  startPeriodMs: 4,
};

/** An app that says all that can be said. */
export const app: Whole<Omit<AppModel, 'services'>> & Pick<AppModel, 'services'> = {
  name: 'shop',
  services: {
    web: { ...web, uts: 'host', mounts: web.mounts.map(withoutEmptySubpath) },
    // One that asks the image's own test, has a name of its own and is asked from outside.
    api: service('api', { probe, hostname: 'api' }),
    db: service('db', { healthcheck: { ...web.healthcheck as object, test: [] } as ServiceModel['healthcheck'] & object }),
  },
  networks: { default: { name: 'shop_default', internal: false, external: false, labels: { a: 'b' }, subnets: ['10.99.0.0/24'] } },
  // A device: data that is on no one machine binds no replica to it.
  volumes: { data: { name: 'shop_data', external: false, driver: 'local', driverOpts: { device: ':/x' }, labels: { a: 'b' }, onLoss: 'recreate' } },
  secrets: { password: { name: 'db_password', from: { kind: 'external' } } },
  configs: { conf: { name: 'conf', content: 'text' } },
};

function withoutEmptySubpath(mount: (typeof web.mounts)[number]): ServiceModel['mounts'][number] {
  if (mount.kind !== 'volume' || mount.subpath !== '') return mount;
  const { subpath: _, ...rest } = mount;
  return rest;
}
