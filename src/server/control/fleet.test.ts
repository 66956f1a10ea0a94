import { expect, test } from 'vitest';
import { testControl } from '#server/testing/control.ts';
import { someFleet } from '#server/testing/models.ts';
import type { FleetModel, PoolModel } from '#spec/fleet-model.ts';
import { applyFleet } from './fleet.ts';
import { removeMachine } from './machines.ts';

const pool = (name: string, more: Partial<PoolModel> = {}): PoolModel => ({
  ...{ name, provider: 'local', labels: {}, size: {} },
  ...more,
});
const fleetOf = (...pools: readonly PoolModel[]): FleetModel => ({
  ...someFleet,
  pools: Object.fromEntries(pools.map((each) => [each.name, each])),
});

test('local machines of a pool are recorded with numbers and addresses before anything makes them', async () => {
  const { state } = await testControl(3);
  expect(
    Object.values(state.policy.machines).map(({ name, index, address }) => [name, index, address]),
  ).toEqual([
    ['app-1', 1, '10.90.0.1'],
    ['app-2', 2, '10.90.0.2'],
    ['app-3', 3, '10.90.0.3'],
  ]);
});

test('the same fleet again changes nothing', async () => {
  const control = await testControl(2);
  const plan = control.state.plan.number;
  const again = await applyFleet(control, control.state.policy.fleet, 'ana');
  expect(again).toEqual({ plan, machines: ['app-1', 'app-2'], leaving: [] });
});

test('more machines come behind those that are there; every machine hears of them by a new plan', async () => {
  const control = await testControl(1);
  const before = control.state.plan.number;
  const { plan, machines } = await applyFleet(control, fleetOf(pool('app', { count: 2 }), pool('db')), 'ana');
  expect(machines).toEqual(['app-1', 'app-2', 'db']);
  expect(plan).toBe(before + 1);
  expect(control.state.policy.machines['db']).toMatchObject({ index: 3, address: '10.90.0.3' });
});

test('labels follow the file', async () => {
  const control = await testControl(1);
  await applyFleet(control, fleetOf(pool('app', { count: 1, labels: { zone: 'b' } })), 'ana');
  expect(control.state.policy.machines['app-1']?.labels).toEqual({ zone: 'b' });
});

test.each([
  [
    'another network',
    { ...fleetOf(pool('app', { count: 2 })), network: { ...someFleet.network, machines: '10.99.0.0/16' } },
    undefined,
  ],
])('%s than machines live by is refused', async (_, fleet, fix) => {
  const control = await testControl(2);
  const refused = applyFleet(control, fleet, 'ana');
  await expect(refused).rejects.toMatchObject({ code: 'refused' });
  if (fix !== undefined) await expect(refused).rejects.toMatchObject({ detail: { problems: [{ fix }] } });
  expect(Object.keys(control.state.policy.machines)).toEqual(['app-1', 'app-2']);
});

test('two pools with a machine of one name are refused', async () => {
  const control = await testControl(0);
  const fleet = fleetOf(pool('app', { count: 2 }), pool('app-1'));
  await expect(applyFleet(control, fleet, 'ana')).rejects.toMatchObject({
    detail: { problems: [expect.objectContaining({ code: 'name-clash' })] },
  });
});

test('removing a machine keeps the file and the fleet in step, and marks it to be destroyed', async () => {
  const control = await testControl(3);
  await removeMachine(control, { machine: 'app-3' }, 'ana');
  expect(control.state.policy.fleet.pools['app']?.count).toBe(2);
  expect((await control.state.store.list('destruction/')).entries.map((entry) => entry.key)).toEqual([
    'destruction/app-3',
  ]);
});

test('the machine with the registry goes only by force', async () => {
  const control = await testControl(2);
  await expect(removeMachine(control, { machine: 'app-1' }, 'ana')).rejects.toMatchObject({
    code: 'refused',
  });
  await removeMachine(control, { machine: 'app-1', force: true }, 'ana');
  expect(Object.keys(control.state.policy.machines)).toEqual(['app-2']);
});
