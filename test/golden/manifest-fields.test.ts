import { describe, expect, test } from 'vitest';
import { compileManifest } from '#compile/compile.ts';
import { buildArgs } from '#host/buildah.ts';
import type { AppModel, ServiceModel } from '#spec/model.ts';
import { release, service, World } from '#test/sim/world.ts';

/*
 * No field of the model may be read from a file and then forgotten. An app that says everything is changed in one place
 * after the other: each time the manifests, the way of a rollout or the build has to come out differently.
 */

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
  networks: { default: { aliases: ['another'] } },
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

const app: Whole<Omit<AppModel, 'services'>> & Pick<AppModel, 'services'> = {
  name: 'shop',
  services: {
    web: { ...web, uts: 'host', mounts: web.mounts.map(withoutEmptySubpath) },
    // One that asks the image's own test, has a name of its own and is asked from outside.
    api: service('api', { probe, hostname: 'api' }),
    db: service('db', { healthcheck: { ...web.healthcheck as object, test: [] } as ServiceModel['healthcheck'] & object }),
  },
  networks: { default: { name: 'shop_default', internal: false, external: false, labels: { a: 'b' } } },
  // A device: data that is on no one machine binds no replica to it.
  volumes: { data: { name: 'shop_data', external: false, driver: 'local', driverOpts: { device: ':/x' }, labels: { a: 'b' } } },
  secrets: { password: { name: 'db_password', from: { kind: 'external' } } },
  configs: { conf: { name: 'conf', content: 'text' } },
};

function withoutEmptySubpath(mount: (typeof web.mounts)[number]): ServiceModel['mounts'][number] {
  if (mount.kind !== 'volume' || mount.subpath !== '') return mount;
  const { subpath: _, ...rest } = mount;
  return rest;
}

/** Fields that change nothing here, and why that is right. */
const exceptions: readonly (readonly [path: RegExp, reason: string])[] = [
  [/^services\.\w+\.name$/, 'the key in services, once more'],
  [/^services\.\w+\.(expose|ports\.\d+\.name)\b/, 'for people'],
  [/^services\.\w+\.deploy\.labels\b/, 'for people'],
  [/^(networks|volumes|configs)\.\w+\.external$|^networks\.\w+\.labels\b|^configs\.\w+\.name$/, 'for people'],
  [/^services\.\w+\.(platform|pullPolicy)$/, 'steer how the image is found: host/images/pin.test.ts; platform is a constraint too'],
  [/^services\.\w+\.build\.(file|inline)$/, 'say which Containerfile is read: host/images/context.test.ts'],
  [/^services\.\w+\.pidsLimit$/, 'the old name of deploy.limits.pids, which the spec makes equal'],
  [/^services\.\w+\.deploy\.reservations\.pids$/, 'cannot be written in Compose'],
  [/^services\.\w+\.deploy\.endpointMode$/, 'has one value'],
  [/^services\.\w+\.deploy\.rollback\.(onFailure|monitorMs|maxFailureRatio)$/, 'a rollback always goes on'],
  [/^services\.\w+\.restartNonce$/, 'makes another container of the same text'],
  [/^services\.web\.dependsOn\.1\.(condition|restart|service)$/, 'of a service that was left out'],
  [/^services\.web\.dependsOn\.0\.required$/, 'of a service that is there; the one that is not is checked'],
  [/^services\.web\.mounts\.0\.noCopy$/, 'a volume with directories in it is never filled'],
  [/^services\.(web|api)\.hostname$/, 'the web service has the name of the machine; the name of the other one is checked'],
  [/^services\.db\.healthcheck\.(shell|test)\b/, 'the test of the image'],
  [/^services\.(api|db)\.deploy\b/, 'checked with the web service'],
  [/^secrets\b/, 'read when the release is made: server/control/release-secrets.ts'],
];

/** What a value may be instead, where the value alone does not tell. */
const others: Readonly<Record<string, unknown>> = {
  'services.web.deploy.update.onFailure': 'pause',
  'services.web.deploy.update.order': 'stop-first',
  'services.web.deploy.rollback.order': 'stop-first',
  'services.web.deploy.mode': 'global',
  'services.web.dependsOn.0.condition': 'started',
  'services.web.networkMode': 'none',
  'services.web.restart.condition': 'none',
  'services.web.ports.0.mode': 'host',
};

/** All that Ballast makes of an app: manifests and the way there, in good and in bad times; and the build. */
function outcome(model: AppModel): string {
  const parts = scenarios.map((play) => {
    try {
      return play(model);
    } catch (error) {
      // A change that makes the app impossible has been noticed, too.
      return String(error);
    }
  });
  return JSON.stringify(parts, (key, value: unknown) => (key === 'digest' ? undefined : value));
}

const machines = {
  'b-1': { labels: { zone: 'b' } },
  'a-1': { labels: { zone: 'a', rack: '1' } },
  'a-2': { labels: { zone: 'a', rack: '2' } },
  'a-3': { labels: { zone: 'a', rack: '2' } },
  'a-4': { labels: { zone: 'a', rack: '1' } },
};

const made = (model: AppModel, number: number) => ({
  ...release(model.name, number, [], model),
  secrets: { password: { name: 'db_password', version: 1 } },
});

const changed = (model: AppModel, name: string): AppModel => {
  const one = model.services[name];
  if (!one) throw new Error(`no service ${name}`);
  return { ...model, services: { ...model.services, [name]: { ...one, environment: { NEW: 'x' } } } };
};

function played(world: World, ...models: readonly AppModel[]): unknown {
  for (const [index, model] of models.entries()) {
    world.want(model.name, made(model, index + 1));
    world.settle();
  }
  const { policy, plan, history } = world;
  const fixtures = { ca: 'CA', registry: null };
  const manifests = Object.keys(machines).map((machine) => compileManifest({ policy, plan, machine, fixtures }));
  return [history, manifests];
}

const scenarios: readonly ((model: AppModel) => unknown)[] = [
  (model) => played(new World(machines), model, changed(model, 'web')),
  (model) => played(new World(machines), model, changed(model, 'db')),
  // One of three new replicas fails: after two have taken over, all go back.
  (model) => {
    const world = new World(machines);
    world.behaviour.set('shop-web-3-r2', { state: 'failed' });
    return played(world, model, changed(model, 'web'));
  },
  // The database never gets healthy.
  (model) => {
    const world = new World(machines);
    world.behaviour.set('shop/db@1', { state: 'starting' });
    return played(world, model);
  },
  ({ services }) =>
    Object.values(services).map(({ build }) => {
      const files = { file: 'F', text: '' };
      return build && buildArgs({ build, files, file: 'F', iidFile: 'I', localName: 'L' });
    }),
];

/** Every way to change the app in one place: another value, or one entry less. */
function* variants(value: unknown, path: readonly string[]): Generator<{ path: string; value: unknown }> {
  const name = path.join('.');
  if (name in others) yield { path: name, value: others[name] };
  else if (typeof value === 'string') yield { path: name, value: `${value}x` };
  else if (typeof value === 'number') yield { path: name, value: value + 1 };
  else if (typeof value === 'boolean') yield { path: name, value: !value };
  else if (typeof value === 'object' && value !== null) {
    for (const [key, member] of Object.entries(value)) yield* variants(member, [...path, key]);
  }
}

function withValue(tree: unknown, [key, ...rest]: readonly string[], value: unknown): unknown {
  if (key === undefined) return value;
  if (Array.isArray(tree)) return tree.map((one, index) => (String(index) === key ? withValue(one, rest, value) : one));
  const record = tree as Readonly<Record<string, unknown>>;
  // Keys of labels, volumes and the like may hold dots.
  const own = Object.keys(record).find((name) => [key, ...rest].join('.').startsWith(name) && name.includes('.')) ?? key;
  const left = [key, ...rest].slice(own.split('.').length);
  return { ...record, [own]: withValue(record[own], left, value) };
}

describe('no field is forgotten', () => {
  const usual = outcome(app);
  const all = [...variants(app, [])].filter(({ path }) => path !== 'name');

  test.each(all.filter(({ path }) => !exceptions.some(([known]) => known.test(path))))(
    '$path',
    ({ path, value }) => {
      expect(outcome(withValue(app, path.split('.'), value) as AppModel) === usual).toBe(false);
    },
  );

  test.each(exceptions)('%s stands for fields that there are', (known) => {
    expect(all.some(({ path }) => known.test(path))).toBe(true);
  });

  test('one that is ignored would be noticed', () => {
    const more = { ...app, services: { ...app.services, web: { ...app.services['web'], ignored: 'x' } } };
    expect(outcome(more as AppModel) === usual).toBe(true);
  });
});
