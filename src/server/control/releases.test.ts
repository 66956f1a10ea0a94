import { describe, expect, test } from 'vitest';
import type { BallastError } from '#base/errors.ts';
import { stateOf } from '#server/api/app-views.ts';
import { type TestControl, testControl } from '#server/testing/control.ts';
import { replicas, someApp, someDigest, someService } from '#server/testing/models.ts';
import type { AppModel } from '#spec/model.ts';
import { removeApp, restartApp, rollbackApp, scaleApp } from './apps.ts';
import { createRelease, picture } from './releases.ts';
import { setSecret } from './secret-wishes.ts';

const web = someService('web');
const shop = someApp('shop', [replicas(web, 3)]);

function deploy(
  control: TestControl,
  model: AppModel,
  more: { secretValues?: Record<string, string>; ifRelease?: number | null; by?: string } = {},
) {
  const { by = 'ana', ...rest } = more;
  const input = { app: model.name, model, origins: {}, note: 'deploy', secretValues: {}, ...rest };
  return createRelease(control, input, by);
}

const withImage = (letter: string): AppModel =>
  someApp('shop', [
    replicas({ ...web, image: `registry.internal:5000/web@sha256:${someDigest(letter)}` }, 3),
  ]);

test('a first deploy becomes release 1 and its replicas come to run', async () => {
  const control = await testControl();
  expect(await deploy(control, shop)).toMatchObject({ release: 1, changed: true });
  const plan = await control.rest();
  expect(Object.values(plan.replicas)).toHaveLength(3);
  expect(plan.apps['shop']).toMatchObject({ phase: 'steady', target: 1, healthy: 1 });
});

test('the same again changes nothing: no release, no plan, no event', async () => {
  const control = await testControl();
  await deploy(control, shop);
  const plan = await control.rest();
  const events = control.state.events.after(0).length;
  const built = someApp('shop', [
    replicas({ ...web, build: { ...someBuild, context: '/somewhere/else' } }, 3),
  ]);
  expect(await deploy(control, built)).toEqual({ release: 1, changed: false, plan: plan.number });
  expect(await control.rest()).toBe(plan);
  expect(control.state.events.after(0)).toHaveLength(events);
});

test('the same again while it is rolling is the rollout that runs, not a conflict', async () => {
  const control = await testControl();
  await deploy(control, shop);
  expect(await deploy(control, shop)).toMatchObject({ release: 1, changed: false, rolling: true });
  await control.step();
  expect(await deploy(control, shop)).toMatchObject({ release: 1, changed: false, rolling: true });
  await control.rest();
  expect(await deploy(control, shop)).not.toHaveProperty('rolling');
});

test('the same deploy by two people at once is one rollout: the second joins it', async () => {
  const control = await testControl();
  await deploy(control, shop);
  await control.rest();
  const both = [1, 2].map(() => deploy(control, withImage('b'), { ifRelease: 1 }));
  expect(await Promise.all(both)).toMatchObject([
    { release: 2, changed: true },
    { release: 2, changed: false, rolling: true },
  ]);
});

test('a second deploy during the first is refused and says who deploys what, since when', async () => {
  const control = await testControl();
  await deploy(control, shop, { by: 'ana' });
  await control.step();
  control.pass(12_000);
  await expect(deploy(control, withImage('b'), { by: 'ben' })).rejects.toMatchObject({
    code: 'conflict',
    exit: 5,
    message: 'shop is being rolled out',
    detail: {
      why: 'release 1 (deploy, by ana) began 12 s ago',
      fix: expect.stringContaining('ballast rollback'),
    },
  });
  expect(control.state.policy.apps['shop']?.wanted).toBe(1);
});

test('a rollout that hangs for ten minutes may be superseded', async () => {
  const control = await testControl();
  await deploy(control, shop);
  await control.step();
  control.pass(10 * 60_000 + 1);
  expect(await deploy(control, withImage('b'))).toMatchObject({ release: 2, changed: true });
});

test('two deploys at the very same time: one goes through', async () => {
  const control = await testControl();
  const outcomes = await Promise.allSettled([
    deploy(control, withImage('b')),
    deploy(control, withImage('c')),
  ]);
  expect(outcomes.map((outcome) => outcome.status).sort()).toEqual(['fulfilled', 'rejected']);
});

test('a wish that was given up is tried again when it is made again', async () => {
  const control = await testControl();
  control.reports.set('shop-web-1-r1', { state: 'failed', exitCode: 1 });
  await deploy(control, shop);
  await control.rest();
  expect(stateOf(picture(control), 'shop')).toMatchObject({ phase: 'failed', target: null });
  expect(await scaleApp(control, { app: 'shop', replicas: { web: 3 } }, 'ana')).toMatchObject({
    release: 2,
    changed: true,
  });
  await control.rest();
  expect(await deploy(control, shop)).toMatchObject({ release: 2, changed: false });
});

test('a deploy that expects another release is refused', async () => {
  const control = await testControl();
  await deploy(control, shop, { ifRelease: null });
  await control.rest();
  await expect(deploy(control, withImage('b'), { ifRelease: null })).rejects.toMatchObject({
    code: 'conflict',
    detail: { why: 'release 1 (deploy) was made by ana' },
  });
  expect(await deploy(control, withImage('b'), { ifRelease: 1 })).toMatchObject({ release: 2 });
});

test.each([
  ['memory', { memoryBytes: 64 * 1024 ** 3 }],
  ['cores', { cpus: 99 }],
])('a service that asks for too many %s fits no machine: nothing is stored', async (_, reservations) => {
  const control = await testControl();
  const model = someApp('shop', [{ ...web, deploy: { ...web.deploy, reservations } }]);
  await expect(deploy(control, model)).rejects.toMatchObject({
    code: 'does-not-fit',
    detail: { problems: [expect.objectContaining({ what: expect.stringContaining('web: ') })] },
  });
  expect(control.state.policy.apps['shop']).toBeUndefined();
  expect(control.state.plan.replicas).toEqual({});
});

test('replicas that find no place for the same reason are one problem, at the place where that is asked for', async () => {
  const control = await testControl();
  const heavy = { ...replicas(web, 9).deploy, reservations: { memoryBytes: 3 * 1024 ** 3 } };
  const waits = someService('late', {
    dependsOn: [{ service: 'web', condition: 'healthy', required: true, restart: false }],
  });
  const at = { file: 'compose.yaml', line: 5, column: 7 };
  const model = someApp('shop', [{ ...web, deploy: heavy }, waits]);
  const origins = { 'services.web.deploy.resources.reservations': at };
  const input = { app: 'shop', model, origins, note: 'deploy', secretValues: {} };
  const error = await createRelease(control, input, 'ana').catch((cause: unknown) => cause);
  const { problems } = (error as BallastError).detail;
  expect(problems).toHaveLength(1);
  expect(problems?.[0]?.what).toMatch(/^\d of 9 replicas of web find no place: needs 3 GiB of memory; /);
  expect(problems?.[0]?.at).toEqual(at);
});

test('a port that another app has is refused before anything is stored', async () => {
  const control = await testControl();
  const port = { target: 80, published: 8080, protocol: 'tcp', mode: 'ingress' } as const;
  await deploy(control, someApp('shop', [{ ...web, ports: [port] }]));
  const blog = someApp('blog', [{ ...web, ports: [port] }]);
  await expect(deploy(control, blog)).rejects.toMatchObject({
    code: 'does-not-fit',
    message: 'blog does not fit the fleet; nothing was changed',
    detail: {
      problems: [{ what: 'port 8080/tcp of service web is taken by service web of app shop' }],
    },
  });
  expect(control.state.policy.apps['blog']).toBeUndefined();
});

test('an image that is not pinned is refused', async () => {
  const control = await testControl();
  const model = someApp('shop', [{ ...web, image: 'registry.internal:5000/web:latest' }]);
  await expect(deploy(control, model)).rejects.toMatchObject({ code: 'bad-request' });
});

describe('secrets of a release', () => {
  const external = someApp('shop', [{ ...web, secrets: [grant('key')] }], {
    secrets: {
      key: { name: 'api_key', from: { kind: 'external' } },
      more: { name: 'other', from: { kind: 'external' } },
    },
  });
  const own = someApp('shop', [{ ...web, secrets: [grant('key')] }], {
    secrets: { key: { name: 'key', from: { kind: 'file', path: '/x' } } },
  });

  test('that the fleet does not have are listed together, each with how to set it', async () => {
    const control = await testControl();
    const at = { file: 'compose.yaml', line: 7, column: 5 };
    const origins = { 'services.web.secrets.0': at };
    const input = { app: 'shop', model: external, origins, note: '', secretValues: {} };
    await expect(createRelease(control, input, 'ana')).rejects.toMatchObject({
      code: 'bad-request',
      message: 'shop needs 2 secrets that the fleet does not have',
      detail: {
        problems: [
          { what: 'there is no secret api_key in the fleet', fix: 'ballast secret set api_key', at },
          { what: 'there is no secret other in the fleet', fix: 'ballast secret set other' },
        ],
      },
    });
  });

  test('that are external are pinned to the newest version', async () => {
    const control = await testControl();
    await setSecret(control, { secret: 'api_key', value: 'one' }, 'ana');
    await setSecret(control, { secret: 'api_key', value: 'two' }, 'ana');
    await setSecret(control, { secret: 'other', value: 'x' }, 'ana');
    await deploy(control, external);
    expect(control.state.policy.apps['shop']?.releases[1]?.secrets).toEqual({
      key: { name: 'api_key', version: 2 },
      more: { name: 'other', version: 1 },
    });
  });

  test('that come along make a new version only when the value is another', async () => {
    const control = await testControl();
    await deploy(control, own, { secretValues: { key: 'first' } });
    await control.rest();
    expect(await deploy(control, own, { secretValues: { key: 'first' } })).toMatchObject({ changed: false });
    expect(await deploy(control, own, { secretValues: { key: 'second' } })).toMatchObject({ release: 2 });
    expect(control.state.policy.apps['shop']?.releases[2]?.secrets).toEqual({
      key: { name: 'shop.key', version: 2 },
    });
    expect(await control.secrets.value('shop.key@1')).toBe('first');
    expect(await control.secrets.value('shop.key@2')).toBe('second');
  });
});

describe('an app that runs', () => {
  async function running(): Promise<TestControl> {
    const control = await testControl();
    await deploy(control, shop);
    await control.rest();
    return control;
  }

  test('is scaled by a release of its own, and scaling to what it is changes nothing', async () => {
    const control = await running();
    expect(await scaleApp(control, { app: 'shop', replicas: { web: 5 } }, 'ana')).toMatchObject({
      release: 2,
    });
    expect(Object.keys((await control.rest()).replicas)).toHaveLength(5);
    expect(control.state.policy.apps['shop']?.releases[2]?.note).toBe('scale web=5');
    expect(await scaleApp(control, { app: 'shop', replicas: { web: 5 } }, 'ana')).toMatchObject({
      changed: false,
    });
    await scaleApp(control, { app: 'shop', replicas: { web: 0 } }, 'ana');
    expect((await control.rest()).replicas).toEqual({});
  });

  test('is restarted by new replicas, which a later deploy does not repeat', async () => {
    const control = await running();
    const before = Object.keys(control.state.plan.replicas);
    await restartApp(control, { app: 'shop', services: [] }, 'ana');
    const after = Object.keys((await control.rest()).replicas);
    expect(after).toHaveLength(3);
    expect(after.filter((id) => before.includes(id))).toEqual([]);
    expect(await deploy(control, shop)).toMatchObject({ changed: false });
  });

  test('goes back to the release before, and forward to a named one', async () => {
    const control = await running();
    await deploy(control, withImage('b'));
    await control.rest();
    expect(await rollbackApp(control, { app: 'shop' }, 'ana')).toMatchObject({ release: 3 });
    await control.rest();
    expect(control.state.policy.apps['shop']?.releases[3]?.model).toEqual(shop);
    await rollbackApp(control, { app: 'shop', release: 2 }, 'ana');
    expect(control.state.policy.apps['shop']?.releases[4]?.model).toEqual(withImage('b'));
  });

  test('whose new release fails is back at the one before, and may be deployed again', async () => {
    const control = await running();
    await deploy(control, withImage('b'));
    await control.step();
    for (const id of Object.keys(control.state.plan.replicas)) {
      if (id.endsWith('-r2')) control.reports.set(id, { state: 'failed', exitCode: 3, log: ['boom'] });
    }
    const plan = await control.rest();
    const state = stateOf(picture(control), 'shop');
    expect(state).toMatchObject({
      wanted: 2,
      target: 1,
      failure: { release: 2, exitCode: 3, log: ['boom'] },
    });
    expect(Object.values(plan.replicas).map((replica) => replica.release)).toEqual([1, 1, 1]);
    control.reports.clear();
    expect(await deploy(control, withImage('b'))).toMatchObject({ release: 3, changed: true });
    expect((await control.rest()).apps['shop']).toMatchObject({ phase: 'steady', target: 3 });
  });

  test('can always be rolled back, even while it is rolling', async () => {
    const control = await running();
    await deploy(control, withImage('b'));
    await control.step();
    expect(await rollbackApp(control, { app: 'shop' }, 'ana')).toMatchObject({ release: 3, changed: true });
    expect((await control.rest()).apps['shop']).toMatchObject({ phase: 'steady', target: 3 });
  });

  test('is removed: nothing of it stays in the plan', async () => {
    const control = await running();
    expect(await removeApp(control, { app: 'shop' }, 'ana')).toMatchObject({ changed: true });
    const plan = await control.rest();
    expect([plan.replicas, plan.apps]).toEqual([{}, {}]);
    expect(await removeApp(control, { app: 'shop' }, 'ana').catch((e: unknown) => e)).toMatchObject({
      changed: false,
    });
  });

  test.each([
    ['scale', (c: TestControl) => scaleApp(c, { app: 'shopp', replicas: {} }, 'ana'), 'did you mean shop?'],
    [
      'restart',
      (c: TestControl) => restartApp(c, { app: 'shop', services: ['webs'] }, 'ana'),
      'did you mean web?',
    ],
    ['rollback', (c: TestControl) => rollbackApp(c, { app: 'shop', release: 9 }, 'ana'), expect.any(String)],
    [
      'volume',
      (c: TestControl) => removeApp(c, { app: 'shop', volumes: ['data'] }, 'ana'),
      expect.any(String),
    ],
  ])('answers a %s of what is not there with what there is', async (_, act, fix) => {
    const control = await running();
    await expect(act(control)).rejects.toMatchObject({ code: 'not-found', detail: { fix } });
  });
});

function grant(source: string) {
  return { source, target: `/run/secrets/${source}`, uid: 0, gid: 0, mode: 0o444 };
}

const someBuild = {
  context: '/here',
  args: {},
  labels: {},
  noCache: false,
  pull: false,
  additionalContexts: {},
  extraHosts: [],
  platforms: [],
  tags: [],
};
