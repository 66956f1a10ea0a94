import { describe, expect, test } from 'vitest';
import { enrolmentFor, holderOfCertificate } from '#server/identities.ts';
import { keys } from '#server/keys.ts';
import { type TestControl, testControl } from '#server/testing/control.ts';
import { replicas, someApp, someFleet, someService } from '#server/testing/models.ts';
import type { FleetModel, PoolModel } from '#spec/fleet-model.ts';
import type { ServiceModel } from '#spec/model.ts';
import { drainMachine, endMachines, uncordonMachine } from './draining.ts';
import { applyFleet } from './fleet.ts';
import { createRelease } from './releases.ts';
import { replaceMachine } from './succession.ts';

const web = someService('web');
const withData: Partial<ServiceModel> = {
  mounts: [{ kind: 'volume', volume: 'data', target: '/data', readOnly: false, noCopy: false }],
};

const poolOf = (count: number, more: Partial<PoolModel> = {}): FleetModel => ({
  ...someFleet,
  pools: { app: { name: 'app', provider: 'local', count, labels: {}, size: {}, ...more } },
});

async function fleet(count: number, service: ServiceModel = replicas(web, count)): Promise<TestControl> {
  const control = await testControl(count);
  for (const name of Object.keys(control.state.policy.machines)) {
    const record = control.state.policy.machines[name];
    await control.state.commit({
      set: {
        [keys.agent(name)]: { identity: `identity of ${name}`, at: 0 },
        [keys.machine(name)]: { ...record, joinedAt: 1 },
      },
    });
  }
  await deploy(control, service);
  return control;
}

async function deploy(control: TestControl, service: ServiceModel): Promise<void> {
  const model = someApp('shop', [service], {
    volumes: { data: { name: 'shop_data', external: false, driver: 'local', driverOpts: {}, labels: {} } },
  });
  await createRelease(control, { app: 'shop', model, origins: {}, note: 'deploy', secretValues: {} }, 'ana');
  await control.rest();
}

/** Lets plans and their ends take turns until nothing is left to do. */
async function settle(control: TestControl): Promise<void> {
  for (let round = 0; round < 20; round += 1) {
    await control.rest();
    const before = control.state.plan.number;
    await endMachines(control);
    if (control.state.plan.number === before) return;
  }
  throw new Error('does not settle');
}

const names = ({ state }: TestControl): readonly string[] => Object.keys(state.policy.machines);
const hosts = ({ state }: TestControl): readonly string[] =>
  Object.values(state.plan.replicas)
    .map(({ machine }) => machine)
    .toSorted();
const told = ({ state }: TestControl): readonly string[] => state.events.after(0).map(({ what }) => what);

describe('a pool that shrinks', () => {
  test('gives the replicas of its last machines to others before they go', async () => {
    const control = await fleet(3);
    const answer = await applyFleet(control, poolOf(2), 'ana');
    expect(answer).toMatchObject({ machines: ['app-1', 'app-2'], leaving: ['app-3'] });
    expect(names(control)).toContain('app-3');
    await settle(control);
    expect(names(control)).toEqual(['app-1', 'app-2']);
    expect(hosts(control)).toEqual(['app-1', 'app-1', 'app-2']);
    expect((await control.state.store.list(keys.destructions)).entries).toHaveLength(1);
    expect(await applyFleet(control, poolOf(2), 'ana')).toMatchObject({ leaving: [] });
  });

  test('keeps them when the file asks for them again in time', async () => {
    const control = await fleet(3);
    await applyFleet(control, poolOf(2), 'ana');
    await applyFleet(control, poolOf(3), 'ana');
    await settle(control);
    expect(names(control)).toHaveLength(3);
    expect(control.state.policy.machines['app-3']).toMatchObject({ schedulable: true });
  });

  const large = replicas(
    someService('web', { deploy: { ...web.deploy, reservations: { memoryBytes: 5 * 1024 ** 3 } } }),
    3,
  );

  test.each<[string, ServiceModel, number, string, string]>([
    [
      'below what its apps need, which names the service and what is missing',
      large,
      2,
      'app-3',
      'without app-3 web of shop would find no place: needs 5 GiB of memory; the best machine, app-1, has 2.8 GiB free: 2.2 GiB short',
    ],
    ['to nothing', replicas(web, 1), 0, 'app-1', 'no machine would be left without app-1, app-2, app-3'],
  ])('%s, is refused unless each machine is named', async (_, service, count, name, what) => {
    const control = await fleet(3, service);
    const before = control.state.plan.number;
    const refused = applyFleet(control, poolOf(count), 'ana');
    await expect(refused).rejects.toMatchObject({
      detail: { problems: expect.arrayContaining([expect.objectContaining({ what })]) },
    });
    expect(control.state.plan.number).toBe(before);
    const going = names(control).slice(count);
    expect(going).toContain(name);
    await applyFleet(control, poolOf(count), 'ana', { force: going });
    expect(control.state.policy.machines[name]?.draining).toMatchObject({ then: 'leave', force: true });
  });

  test('by a machine that holds data or the registry is refused, and says how to force it', async () => {
    const control = await fleet(2, { ...web, ...withData });
    await expect(applyFleet(control, { ...poolOf(0), pools: {} }, 'ana')).rejects.toMatchObject({
      detail: {
        problems: expect.arrayContaining([
          expect.objectContaining({
            what: 'app-1 holds the data of shop/data',
            fix: 'save the data first, then give it up: `ballast deploy -f fleet.yaml --force app-1`',
          }),
        ]),
      },
    });
    await expect(applyFleet(control, poolOf(2), 'ana', { force: ['app-9'] })).rejects.toMatchObject({
      detail: { problems: [{ what: '--force app-9: no machine app-9 would go' }] },
    });
  });

  test('goes on where it was when the server is killed at any step', async () => {
    const control = await fleet(3);
    await applyFleet(control, poolOf(1), 'ana');
    // Each step is a commit: what is stored between them is all that a new server knows.
    for (let step = 0; step < 200 && names(control).length > 1; step += 1) {
      if ((await control.step()) === null) await endMachines(control);
      const { plan } = control.state;
      expect(
        Object.values(plan.replicas).filter(({ phase }) => phase === 'serving').length,
      ).toBeGreaterThanOrEqual(3);
    }
    await settle(control);
    expect(names(control)).toEqual(['app-1']);
    expect(hosts(control)).toEqual(['app-1', 'app-1', 'app-1']);
  });
});

describe('a machine that is drained', () => {
  test('stays in the fleet, and takes replicas again when it is opened', async () => {
    const control = await fleet(2);
    await drainMachine(control, { machine: 'app-2' }, 'ana');
    await drainMachine(control, { machine: 'app-2' }, 'ana');
    await settle(control);
    expect(hosts(control)).toEqual(['app-1', 'app-1']);
    expect(names(control)).toEqual(['app-1', 'app-2']);
    await uncordonMachine(control, { machine: 'app-2' }, 'ana');
    await deploy(control, replicas(web, 4));
    expect(hosts(control)).toContain('app-2');
  });
});

describe('a machine that is replaced', () => {
  const lost = async (control: TestControl, more: Partial<PoolModel> = { replaceAfterMs: 10_000 }) => {
    await applyFleet(control, poolOf(names(control).length, more), 'ana');
    control.offline.add('app-3');
    await settle(control);
    control.pass(10 * 60_000);
    await settle(control);
  };

  test('because it is away gets a new number and address; the old one’s identity and tokens are void', async () => {
    const control = await fleet(3);
    const { state } = control;
    const token = enrolmentFor('app-3', state.now());
    await state.commit({ set: token.set });
    await lost(control);
    expect(state.policy.machines['app-3']).toMatchObject({ index: 4, address: '10.90.0.4', successorOf: 3 });
    expect(
      await holderOfCertificate(state, { commonName: 'agent:app-3', unit: 'identity of app-3' }),
    ).toBeUndefined();
    expect((await state.store.list(keys.enrolments)).entries).toEqual([]);
    expect((await state.store.list(keys.destructions)).entries.map(({ key }) => key)).toEqual([
      'destruction/app-3',
    ]);
    expect(hosts(control)).not.toContain('app-3');
    expect(told(control)).toContainEqual(
      expect.stringMatching(/^app-3 is replaced by a new machine \(10.90.0.4\): it was away for /),
    );
  });

  test('only once, and not while its pool does not say so', async () => {
    const control = await fleet(3);
    await lost(control, {});
    expect(control.state.policy.machines['app-3']).toMatchObject({ index: 3 });
    await endMachines(control);
    expect(control.state.policy.machines['app-3']).toMatchObject({ index: 3 });
  });

  test('not by itself while it holds data that nobody gave up; by name and force it is', async () => {
    const control = await fleet(3, {
      ...web,
      ...withData,
      deploy: { ...web.deploy, constraints: [{ key: 'node.hostname', equal: true, value: 'app-3' }] },
    });
    await lost(control);
    expect(control.state.policy.machines['app-3']).toMatchObject({ index: 3 });
    await expect(replaceMachine(control, { machine: 'app-3' }, 'ana')).rejects.toMatchObject({
      message: 'app-3 holds the data of shop/data',
    });
    await replaceMachine(control, { machine: 'app-3', force: true }, 'ana');
    expect(control.state.policy.machines['app-3']).toMatchObject({ index: 4 });
    control.offline.clear();
    await settle(control);
    expect(hosts(control)).toEqual(['app-3']);
  });

  test('by itself when its volumes may begin anew', async () => {
    const control = await fleet(3, {
      ...web,
      ...withData,
      onLoss: 'recreate',
      deploy: { ...web.deploy, constraints: [{ key: 'node.labels.gone', equal: false, value: 'x' }] },
    });
    const home = control.state.plan.volumes['shop/data'];
    expect(home).toBe('app-1');
    await applyFleet(
      control,
      { ...poolOf(3, { replaceAfterMs: 10_000 }), registry: { machine: 'app-2' } },
      'ana',
      { force: ['app-1'] },
    );
    control.offline.add('app-1');
    await settle(control);
    control.pass(60_000);
    await settle(control);
    expect(control.state.policy.machines['app-1']).toMatchObject({ index: 4 });
    expect(hosts(control)).not.toContain('app-1');
  });

  test('not by itself when it keeps the registry', async () => {
    const control = await fleet(3);
    await applyFleet(control, poolOf(3, { replaceAfterMs: 10_000 }), 'ana');
    control.offline.add('app-1');
    await settle(control);
    control.pass(60_000);
    await settle(control);
    expect(control.state.policy.machines['app-1']).toMatchObject({ index: 1 });
    expect(hosts(control)).toEqual(['app-2', 'app-2', 'app-3']);
  });

  test('on request after its replicas moved', async () => {
    const control = await fleet(3);
    await replaceMachine(control, { machine: 'app-3' }, 'ana');
    expect(control.state.policy.machines['app-3']).toMatchObject({ index: 3, draining: { then: 'replace' } });
    await settle(control);
    expect(control.state.policy.machines['app-3']).toMatchObject({ index: 4, schedulable: true });
    expect(hosts(control)).toEqual(['app-1', 'app-2', 'app-3']);
  });

  test('not when most of the fleet vanished, but by name it is', async () => {
    const control = await fleet(3);
    await applyFleet(control, poolOf(3, { replaceAfterMs: 10_000 }), 'ana');
    for (const name of ['app-2', 'app-3']) control.offline.add(name);
    await settle(control);
    control.pass(60 * 60_000);
    await settle(control);
    expect(names(control).map((name) => control.state.policy.machines[name]?.index)).toEqual([1, 2, 3]);
    await replaceMachine(control, { machine: 'app-3' }, 'ana');
    expect(control.state.policy.machines['app-3']).toMatchObject({ index: 4 });
  });
});

test('what would be lost by leaving is refused when it is only asked, and asking changes nothing', async () => {
  const control = await fleet(3);
  const ask = async (machine: string) =>
    await drainMachine(control, { machine, leave: true, check: true }, 'ana');
  await ask('app-3');
  expect(control.state.policy.machines['app-3']).toMatchObject({ schedulable: true });
  await expect(ask('app-1')).rejects.toThrow('app-1 runs the fleet’s registry');
});
