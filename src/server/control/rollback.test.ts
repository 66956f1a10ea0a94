import { expect, test } from 'vitest';
import { must } from '#base/assert.ts';
import { releaseViews } from '#server/api/app-views.ts';
import { type TestControl, testControl } from '#server/testing/control.ts';
import { replicas, someApp, someDigest, someService } from '#server/testing/models.ts';
import { rollbackApp } from './apps.ts';
import { createRelease, picture } from './releases.ts';

const slots = [1, 2, 3];

/** Deploys an image and waits for the end of its rollout. */
async function deploy(control: TestControl, letter: string, ends: 'healthy' | 'failed' = 'healthy') {
  const image = `registry.internal:5000/web@sha256:${someDigest(letter)}`;
  const model = someApp('shop', [replicas({ ...someService('web'), image }, slots.length)]);
  const input = { app: 'shop', model, origins: {}, note: 'deploy', secretValues: {} };
  const { release } = await createRelease(control, input, 'ana');
  await control.step();
  if (ends === 'failed') {
    for (const slot of slots) control.reports.set(`shop-web-${slot}-r${release}`, { state: 'failed' });
  }
  return await control.rest();
}

const noteOf = (control: TestControl, release: number) =>
  control.state.policy.apps['shop']?.releases[release]?.note;

/** Status of all releases, the newest first. */
const history = (control: TestControl) =>
  releaseViews(picture(control), must(control.state.policy.apps['shop'], 'the app')).map(
    ({ status }) => status,
  );

test('a rollback goes past releases that failed, which stay failed in the history', async () => {
  const control = await testControl();
  await deploy(control, 'a');
  await deploy(control, 'b', 'failed');
  expect(history(control)).toEqual(['failed', 'current']);
  await deploy(control, 'c');
  expect(history(control)).toEqual(['current', 'failed', 'superseded']);
  expect(await rollbackApp(control, { app: 'shop' }, 'ana')).toMatchObject({ release: 4 });
  expect(noteOf(control, 4)).toBe('rollback to 1');
  expect(history(control)).toEqual(['rolling', 'superseded', 'failed', 'superseded']);
  await control.rest();
  expect(history(control)).toEqual(['current', 'superseded', 'failed', 'superseded']);
});

test('a release that never was healthy is gone back to only when it is named', async () => {
  const control = await testControl();
  await deploy(control, 'a', 'failed');
  await deploy(control, 'b');
  await expect(rollbackApp(control, { app: 'shop' }, 'ana')).rejects.toMatchObject({
    code: 'not-found',
    detail: { why: 'none of the earlier ones was ever healthy' },
  });
  expect(await rollbackApp(control, { app: 'shop', release: 1 }, 'ana')).toMatchObject({ release: 3 });
});

test('a plan of an older version, which does not say how rollouts ended, leads to the release before', async () => {
  const control = await testControl();
  await deploy(control, 'a');
  const plan = await deploy(control, 'b');
  const { outcomes: _, ...state } = must(plan.apps['shop'], 'the app');
  await control.state.adopt(
    { ...plan, number: plan.number + 1, parent: plan.number, apps: { shop: state } },
    [],
  );
  expect(await rollbackApp(control, { app: 'shop' }, 'ana')).toMatchObject({ release: 3 });
  expect(noteOf(control, 3)).toBe('rollback to 1');
  expect((await control.rest()).apps['shop']?.outcomes).toEqual({ 2: 'healthy' });
});
