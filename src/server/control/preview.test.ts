import { expect, test } from 'vitest';
import { compileManifest } from '#compile/compile.ts';
import { type TestControl, testControl } from '#server/testing/control.ts';
import { replicas, someApp, someDigest, someFleet, someService } from '#server/testing/models.ts';
import type { FleetModel, PoolModel } from '#spec/fleet-model.ts';
import type { AppModel } from '#spec/model.ts';
import { previewFleet } from './fleet-preview.ts';
import { previewApp } from './preview.ts';
import { createRelease } from './releases.ts';

const web = someService('web');
const db = someService('db');
const shop = someApp('shop', [replicas(web, 3), db]);
const parts = { compile: compileManifest, fixtures: { ca: 'the CA', registry: null } };

async function running(model: AppModel, machines = 3): Promise<TestControl> {
  const control = await testControl(machines);
  const request = { app: model.name, model, origins: {}, note: 'deploy', secretValues: {} };
  await createRelease(control, request, 'ana');
  await control.rest();
  return control;
}

const servicesOf = async (control: TestControl, model: AppModel) =>
  (await previewApp(control, { model, origins: {} }, parts)).services;

const fleetOf = (...pools: readonly PoolModel[]): FleetModel => ({
  ...someFleet,
  pools: Object.fromEntries(pools.map((pool) => [pool.name, pool])),
});
const app = (count: number, more: Partial<PoolModel> = {}): PoolModel => ({
  ...{ name: 'app', provider: 'local', count, labels: {}, size: {} },
  ...more,
});

test('what runs already is no change', async () => {
  const control = await running(shop);
  const preview = await previewApp(control, { model: shop, origins: {} }, parts);
  expect(preview).toMatchObject({ services: [], changes: [], release: { before: 1, after: 1 } });
});

test('another number of replicas changes the number and makes none anew', async () => {
  const control = await running(shop);
  expect(await servicesOf(control, someApp('shop', [replicas(web, 5), db]))).toEqual([
    { service: 'web', action: 'update', before: 3, after: 5, replaced: 0, fields: [] },
  ]);
});

test('another image or variable makes replicas anew, and says which key did it', async () => {
  const control = await running(shop);
  const image = `registry.internal:5000/web@sha256:${someDigest('b')}`;
  const changed = { ...replicas(web, 2), image, environment: { LOG: 'debug' } };
  expect(await servicesOf(control, someApp('shop', [changed, db]))).toEqual([
    {
      ...{ service: 'web', action: 'replace', before: 3, after: 2, replaced: 2 },
      fields: [
        { name: 'image', before: web.image, after: image },
        { name: 'environment.LOG', before: null, after: 'debug' },
      ],
    },
  ]);
});

test('services that come and go are told with their replicas', async () => {
  const control = await running(shop);
  const later = someApp('shop', [replicas(web, 3), someService('cache')]);
  expect(await servicesOf(control, later)).toEqual([
    { service: 'cache', action: 'create', before: 0, after: 1, replaced: 0, fields: [] },
    { service: 'db', action: 'delete', before: 1, after: 0, replaced: 0, fields: [] },
  ]);
});

test('a fleet file tells which machines would be made, changed and are no longer named', async () => {
  const control = await running(shop, 2);
  const added = await previewFleet(
    control,
    { fleet: fleetOf(app(3, { size: { cpus: 2 } })), origins: {} },
    parts,
  );
  expect(added.machines).toMatchObject([
    { machine: 'app-1', action: 'update', note: expect.stringContaining('made anew') },
    { machine: 'app-2', action: 'update' },
    { machine: 'app-3', action: 'create', address: '10.90.0.3', provider: 'local' },
  ]);
  expect(added.summary).toEqual({ add: 1, change: 2, replace: 0, remove: 0 });
  const labelled = await previewFleet(
    control,
    { fleet: fleetOf(app(2, { labels: { zone: 'b' } })), origins: {} },
    parts,
  );
  expect(labelled.machines[0]?.fields).toEqual([{ name: 'labels.zone', before: null, after: 'b' }]);
  const fewer = await previewFleet(control, { fleet: fleetOf(app(1)), origins: {} }, parts);
  expect(fewer.machines).toMatchObject([{ machine: 'app-2', action: 'delete' }]);
  expect(fewer.problems).toEqual([]);
  expect(Object.keys(control.state.policy.machines)).toEqual(['app-1', 'app-2']);
});

test('the fleet as it is needs nothing', async () => {
  const control = await running(shop, 2);
  expect(
    await previewFleet(control, { fleet: control.state.policy.fleet, origins: {} }, parts),
  ).toMatchObject({
    ...{ machines: [], fields: [], changes: [], problems: [] },
  });
});

test('an app is planned on the machines that its fleet file would make', async () => {
  const control = await running(shop, 1);
  const large = { ...web.deploy, replicas: 1, reservations: { cpus: 6 } };
  const model = someApp('heavy', [{ ...web, deploy: large }]);
  const alone = await previewApp(control, { model, origins: {} }, parts);
  expect(alone.problems).toHaveLength(1);
  const fleet = fleetOf(app(1), app(1, { name: 'big', size: { cpus: 8 } }));
  const together = await previewApp(control, { model, origins: {}, fleet }, parts);
  expect(together).toMatchObject({ problems: [], placements: [{ machine: 'big-1' }] });
});
