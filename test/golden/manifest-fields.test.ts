import { describe, expect, test } from 'vitest';
import { compileManifest } from '#compile/compile.ts';
import { buildArgs } from '#host/buildah.ts';
import type { AppModel } from '#spec/model.ts';
import { release, World } from '#test/sim/world.ts';
import { app } from './manifest-sample.ts';

/*
 * No field of the model may be read from a file and then forgotten. An app that says everything is changed in one place
 * after the other: each time the manifests, the way of a rollout or the build has to come out differently.
 */

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
  [/^services\.\w+\.deploy\.rollback\.(onFailure|monitorMs|maxFailureRatio)$/, 'a rollback always goes on'],
  [/^services\.\w+\.networkOf$/, 'of a service that has a network of its own; others: test/sim/companions.test.ts'],
  [/^services\.\w+\.restartNonce$/, 'makes another container of the same text'],
  [/^services\.web\.dependsOn\.1\.(condition|restart|service)$/, 'of a service that was left out'],
  [/^services\.web\.dependsOn\.0\.required$/, 'of a service that is there; the one that is not is checked'],
  [/^services\.web\.mounts\.0\.noCopy$/, 'a volume with directories in it is never filled'],
  [/^services\.(web|api)\.hostname$/, 'the web service has the name of the machine; the name of the other one is checked'],
  [/^services\.db\.healthcheck\.(shell|test)\b/, 'the test of the image'],
  [/^services\.(api|db)\.deploy\b/, 'checked with the web service'],
  [/^services\.\w+\.ingress\b.*(redirectFrom|tls)/, 'compile/ingress/caddy.test.ts'],
  [/\.onLoss$/, 'counts when a machine is lost: test/sim/machines.test.ts'],
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
  'services.web.deploy.endpointMode': 'vip',
  'services.web.restart.condition': 'none',
  'services.web.ports.0.mode': 'host',
};

/** What Ballast makes of an app in one scenario, as text. */
function outcome(play: (model: AppModel) => unknown, model: AppModel): string {
  try {
    return JSON.stringify(play(model), (key, value: unknown) => (key === 'digest' ? undefined : value));
  } catch (error) {
    // A change that makes the app impossible has been noticed, too.
    return String(error);
  }
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

/** The build; manifests and the way there, in good and in bad times. The quick ones first: they show most. */
const scenarios: readonly ((model: AppModel) => unknown)[] = [
  ({ services }) =>
    Object.values(services).map(({ build }) => {
      const files = { file: 'F', text: '' };
      return build && buildArgs({ build, files, file: 'F', iidFile: 'I', localName: 'L' });
    }),
  (model) => played(new World(machines), model),
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
  const usual = scenarios.map((play) => outcome(play, app));
  const noticed = (model: unknown): boolean =>
    scenarios.some((play, index) => outcome(play, model as AppModel) !== usual[index]);
  const all = [...variants(app, [])].filter(({ path }) => path !== 'name');

  test.each(all.filter(({ path }) => !exceptions.some(([known]) => known.test(path))))(
    '$path',
    ({ path, value }) => {
      expect(noticed(withValue(app, path.split('.'), value))).toBe(true);
    },
  );

  test.each(exceptions)('%s stands for fields that there are', (known) => {
    expect(all.some(({ path }) => known.test(path))).toBe(true);
  });

  test('one that is ignored would be noticed', () => {
    const more = { ...app, services: { ...app.services, web: { ...app.services['web'], ignored: 'x' } } };
    expect(noticed(more)).toBe(false);
  });
});
