import { describe, expect, test } from 'vitest';
import { compileManifest } from '#compile/compile.ts';
import { keys } from '#server/keys.ts';
import { type TestControl, testControl } from '#server/testing/control.ts';
import { replicas, someApp, someService } from '#server/testing/models.ts';
import type { ServiceModel } from '#spec/model.ts';
import { emptyMachine, noteEmptied } from './leaving.ts';
import { addMachine, removeMachine } from './machines.ts';
import { createRelease } from './releases.ts';

const machine = 'far-1';
const door = { ca: 'PEM', urlFor: async () => 'https://192.0.2.9:7443' };
const web = someService('web');
const keepsData: Partial<ServiceModel> = {
  mounts: [{ kind: 'volume', volume: 'data', target: '/data', readOnly: false, noCopy: false }],
  deploy: { ...web.deploy, constraints: [{ key: 'node.labels.zone', equal: true, value: 'far' }] },
};

/** Two local machines and one that joined over ssh. */
async function setting(): Promise<TestControl> {
  const control = await testControl(2);
  const input = { name: machine, provider: 'ssh', address: '192.0.2.1', labels: { zone: 'far' } } as const;
  await addMachine(control, input, { by: 'ana', door });
  await control.state.commit({ set: { [keys.agent(machine)]: { identity: 'i', at: 0 } } });
  return control;
}

async function deploy(control: TestControl, service: ServiceModel): Promise<void> {
  const model = someApp('shop', [service], {
    volumes: { data: { name: 'shop_data', external: false, driver: 'local', driverOpts: {}, labels: {} } },
  });
  const input = { app: 'shop', model, origins: {}, note: 'deploy', secretValues: {} };
  await createRelease(control, input, 'ana');
  await control.rest();
}

const hostsOf = ({ state }: TestControl): readonly string[] =>
  Object.values(state.plan.replicas).map((replica) => replica.machine);

const leaving = ({ state }: TestControl) => state.policy.machines[machine]?.leaving;

describe('a machine that is to leave', () => {
  test('has an empty manifest, and its replicas go to those that stay', async () => {
    const control = await setting();
    await deploy(control, replicas(web, 3));
    expect(hostsOf(control)).toContain(machine);
    await emptyMachine(control, { machine }, 'ana');
    await control.rest();
    expect(hostsOf(control).toSorted()).toEqual(['app-1', 'app-1', 'app-2']);
    const { policy, plan } = control.state;
    const manifest = compileManifest({ policy, plan, machine, fixtures: { ca: 'PEM', registry: null } });
    expect(manifest).toEqual({ machine, generation: plan.number, resources: [] });
  });

  test('is empty once it says that it holds a plan from then on, and goes only then', async () => {
    const control = await setting();
    await emptyMachine(control, { machine }, 'ana');
    const said = control.inventory().machines[machine];
    const before = { machines: said ? { [machine]: { ...said, converged: said.converged - 1 } } : {} };
    await noteEmptied(control.state, before);
    expect(leaving(control)?.empty).toBe(false);
    await expect(removeMachine(control, { machine }, 'ana')).rejects.toMatchObject({ code: 'refused' });
    await noteEmptied(control.state, control.inventory());
    expect(leaving(control)?.empty).toBe(true);
    await removeMachine(control, { machine }, 'ana');
    expect(Object.keys(control.state.policy.machines)).toEqual(['app-1', 'app-2']);
  });

  test('may be told so again, which changes nothing', async () => {
    const control = await setting();
    await emptyMachine(control, { machine }, 'ana');
    const { number } = control.state.plan;
    await emptyMachine(control, { machine }, 'ana');
    expect(control.state.plan.number).toBe(number);
  });

  test('cannot be let in again before it is out', async () => {
    const control = await setting();
    await emptyMachine(control, { machine }, 'ana');
    const input = { name: machine, provider: 'ssh', address: '192.0.2.1' } as const;
    await expect(addMachine(control, input, { by: 'ana', door })).rejects.toMatchObject({
      message: 'far-1 is on its way out of the fleet',
    });
  });
});

describe('a machine does not leave', () => {
  test('while it is away, except by force', async () => {
    const control = await setting();
    control.offline.add(machine);
    await expect(emptyMachine(control, { machine }, 'ana')).rejects.toMatchObject({ code: 'unreachable' });
    expect(leaving(control)).toBeUndefined();
    await emptyMachine(control, { machine, force: true }, 'ana');
    await removeMachine(control, { machine, force: true }, 'ana');
    expect(machine in control.state.policy.machines).toBe(false);
  });

  test('with the data of a volume, except by force: then its app begins anew elsewhere', async () => {
    const control = await setting();
    await deploy(control, { ...web, ...keepsData });
    expect(hostsOf(control)).toEqual([machine]);
    await expect(emptyMachine(control, { machine }, 'ana')).rejects.toMatchObject({
      message: 'far-1 holds the data of shop/data',
    });
    await emptyMachine(control, { machine, force: true }, 'ana');
    await control.rest();
    expect(control.state.plan.volumes).toEqual({});
  });

  test('when nobody knows it: the error says which there are', async () => {
    const control = await setting();
    await expect(emptyMachine(control, { machine: 'far-2' }, 'ana')).rejects.toMatchObject({
      code: 'not-found',
      detail: { fix: 'did you mean far-1?' },
    });
  });
});
