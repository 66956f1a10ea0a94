import { expect, test } from 'vitest';
import type { Fixtures } from '#compile/fixtures.ts';
import type { Manifest, Resource } from '#compile/manifest.ts';
import type { Drift } from '#plan/drift.ts';
import type { Inventory } from '#plan/model.ts';
import { testControl } from '#server/testing/control.ts';
import { driftView, explainMachine } from './drift.ts';

const manifest: Manifest = {
  ...{ machine: 'm-1', generation: 1 },
  resources: ['a.b', 'a.c', 'a.d'].map((key) => ({
    ...{ kind: 'sysctl', id: `sysctl:${key}`, key, value: '1', after: [], origin: `fleet.yaml:3:${key}` },
  })),
};
const found: Drift = {
  ...{ resource: 'sysctl:a.b', kind: 'sysctl', found: 'changed', since: 5, doing: 'reported' },
  changes: [{ name: 'value', before: '0', after: '1' }],
};

async function drifted(how: { readonly converged: number; readonly tried?: number } = { converged: 1 }) {
  const control = await testControl(1);
  const [machine = ''] = Object.keys(control.state.policy.machines);
  const inventory = (): Inventory => {
    const report = control.inventory().machines[machine];
    if (!report) throw new Error('it reports');
    const failures = [{ resource: 'sysctl:a.c', what: 'no such setting' }];
    return { machines: { [machine]: { ...report, ...how, drift: [found], failures } } };
  };
  const parts = { compile: () => manifest, fixtures: {} as Fixtures };
  return { machine, control: { ...control, inventory }, parts };
}

test('drift is shown with the line that asked for what differs', async () => {
  const { control, machine, parts } = await drifted();
  const views = [{ name: machine, status: 'online' }] as unknown as Parameters<
    typeof driftView
  >[2]['machines'];
  const view = driftView(control, { machine }, { ...parts, machines: views });
  expect(view.machines).toEqual([
    { machine, status: 'online', repair: 'always', drift: [{ ...found, origin: 'fleet.yaml:3:a.b' }] },
  ]);
  expect(() => driftView(control, { machine: 'nobody' }, { ...parts, machines: [] })).toThrow(
    /no machine nobody/,
  );
});

test('a machine is explained, with how each resource stands', async () => {
  const { control, machine, parts } = await drifted();
  const { resources } = explainMachine(control, { machine }, parts);
  expect(resources.map(({ name, origin, state, detail }) => [name, origin, state, detail])).toEqual([
    ['a.b', 'fleet.yaml:3:a.b', 'drift', 'value'],
    ['a.c', 'fleet.yaml:3:a.c', 'failing', 'no such setting'],
    ['a.d', 'fleet.yaml:3:a.d', 'held', undefined],
  ]);
});

test.each([
  ['before it has tried all', 0, 'pending'],
  ['when it has tried all', 1, 'held'],
])('what does not wait for a failed step is told apart %s', async (_, tried, state) => {
  const { control, machine, parts } = await drifted({ converged: 0, tried });
  const waits = { ...manifest.resources[2], id: 'sysctl:a.e', key: 'a.e', after: ['sysctl:a.c'] } as Resource;
  const compile = () => ({ ...manifest, resources: [...manifest.resources, waits] });
  const { resources } = explainMachine(control, { machine }, { ...parts, compile });
  expect(resources.slice(2).map((one) => [one.name, one.state])).toEqual([
    ['a.d', state],
    ['a.e', 'pending'],
  ]);
});
