import { afterEach, expect, test, vi } from 'vitest';
import type { MachineFound, MachineOrder, Provider } from '#provider/port.ts';
import { removeMachine } from '#server/control/machines.ts';
import { replaceMachine } from '#server/control/succession.ts';
import { enrol } from '#server/identities.ts';
import { keys } from '#server/keys.ts';
import { silentLog } from '#server/log.ts';
import { makeAuthority, openAuthority } from '#server/pki/authority.ts';
import { certificateRequest } from '#server/testing/certificate-request.ts';
import { type TestControl, testControl } from '#server/testing/control.ts';
import type { Enrolment } from '#wire/views.ts';
import { runMachines } from './machines.ts';

const ending: AbortController[] = [];
afterEach(() => {
  for (const each of ending.splice(0)) each.abort();
});

/** Machines in memory. */
class Room {
  readonly machines = new Map<string, MachineFound>();
  readonly orders: MachineOrder[] = [];
  readonly restored: string[] = [];
  failures = 0;
  /** A machine that cannot be destroyed. */
  stuck = '';

  /** What becomes of a machine that exists. */
  put(name: string, change: Partial<MachineFound>): void {
    const found = this.machines.get(name) ?? { name, address: '10.90.0.1', state: 'running', held: false };
    this.machines.set(name, { ...found, ...change });
  }

  readonly provider = {
    kind: 'room',
    create: async (order: MachineOrder) => {
      this.orders.push(order);
      if (this.failures-- > 0) throw new Error('no room');
      const found: MachineFound = { name: order.name, address: order.address, state: 'running', held: false };
      this.machines.set(order.name, found);
      return found;
    },
    list: async () => [...this.machines.values()],
    destroy: async (name: string) => {
      if (name === this.stuck) throw new Error('it does not go');
      this.machines.delete(name);
    },
    power: {
      restore: async (name: string) => {
        if (this.machines.get(name)?.held || this.machines.get(name)?.state === 'running') return false;
        this.restored.push(name);
        this.put(name, { state: 'running' });
        return true;
      },
    },
  } as unknown as Provider;
}

function run(control: TestControl, room: Room, enrolments: Enrolment[] = []) {
  const abort = new AbortController();
  ending.push(abort);
  const maker = () => ({
    provider: room.provider,
    ready: async () => {},
    door: { server: 'https://10.90.255.254:7443', ca: 'CA' },
    seed: (enrolment: Enrolment) => {
      enrolments.push(enrolment);
      return [];
    },
  });
  return {
    abort,
    ended: runMachines({ state: control.state, control, maker, log: silentLog }, abort.signal),
  };
}

const joined = (control: TestControl, machine: string): Promise<unknown> =>
  control.state.commit({ set: { [keys.agent(machine)]: { identity: machine, at: 0 } } });

/** Lets time pass, second by second, until something is so. */
const later = (control: TestControl, check: () => void): Promise<void> =>
  vi.waitFor(
    () => {
      control.pass(1_000);
      control.state.changes.mark();
      check();
    },
    { timeout: 15_000, interval: 5 },
  );

test('machines of the fleet are made with their address and a token of their own', async () => {
  const control = await testControl(3);
  const room = new Room();
  const enrolments: Enrolment[] = [];
  run(control, room, enrolments);
  await vi.waitFor(() => expect(room.machines.size).toBe(3));
  expect(room.orders.map(({ name, address }) => `${name} ${address}`).toSorted()).toEqual([
    'app-1 10.90.0.1',
    'app-2 10.90.0.2',
    'app-3 10.90.0.3',
  ]);
  const authority = await openAuthority(await makeAuthority('acme', Date.now()), Date.now);
  const { csr } = await certificateRequest('x');
  const token = enrolments.find((each) => each.machine === 'app-2')?.token ?? '';
  expect((await enrol(control.state, authority, { token, csr })).machine).toBe('app-2');
});

test('a machine that is there and awaits its agent is left alone after a restart of the server', async () => {
  const control = await testControl(1);
  const room = new Room();
  const first = run(control, room);
  await vi.waitFor(() => expect(room.machines.size).toBe(1));
  first.abort.abort();
  await first.ended;
  run(control, room);
  control.state.changes.mark();
  await new Promise((resolve) => setTimeout(resolve, 30));
  expect(room.orders).toHaveLength(1);
});

test('a machine that joined but is off is powered on when the server starts', async () => {
  const control = await testControl(1);
  const room = new Room();
  room.put('app-1', { state: 'stopped' });
  await joined(control, 'app-1');
  run(control, room);
  await vi.waitFor(() => expect(room.restored).toEqual(['app-1']));
  expect(room.orders).toEqual([]);
});

test('a machine that loses its power is powered on again, and this is told', async () => {
  const control = await testControl(2);
  const room = new Room();
  for (const name of ['app-1', 'app-2']) {
    room.put(name, {});
    await joined(control, name);
  }
  run(control, room);
  room.put('app-2', { state: 'stopped' });
  await later(control, () => expect(room.restored).toEqual(['app-2']));
  await vi.waitFor(() =>
    expect(control.state.events.after(0)).toContainEqual(
      expect.objectContaining({ machine: 'app-2', what: 'app-2 was off and was powered on' }),
    ),
  );
});

test('a machine that was put off on purpose stays off until it is put on, also over a restart', async () => {
  const control = await testControl(2);
  const room = new Room();
  for (const name of ['app-1', 'app-2']) {
    room.put(name, {});
    await joined(control, name);
  }
  const first = run(control, room);
  room.put('app-1', { state: 'stopped', held: true });
  room.put('app-2', { state: 'stopped' });
  await later(control, () => expect(room.restored).toEqual(['app-2']));
  first.abort.abort();
  await first.ended;
  run(control, room);
  room.put('app-2', { state: 'stopped' });
  await later(control, () => expect(room.restored).toEqual(['app-2', 'app-2']));
  room.put('app-1', { held: false });
  await later(control, () => expect(room.restored).toEqual(['app-2', 'app-2', 'app-1']));
});

test('a machine that loses its power again and again is powered on less and less often', async () => {
  const control = await testControl(1);
  const room = new Room();
  room.put('app-1', {});
  await joined(control, 'app-1');
  run(control, room);
  // An hour in which it never stays on.
  for (let seconds = 0; seconds < 3_600; seconds += 5) {
    room.put('app-1', { state: 'stopped' });
    control.pass(5_000);
    control.state.changes.mark();
    await new Promise((resolve) => setTimeout(resolve));
  }
  expect(room.restored.length).toBeGreaterThan(2);
  expect(room.restored.length).toBeLessThan(20);
});

test('a failure is told with its reason and tried again', async () => {
  const control = await testControl(1);
  const room = new Room();
  room.failures = 1;
  run(control, room);
  await vi.waitFor(() =>
    expect(control.state.events.after(0).map((event) => event.what)).toContain(
      'app-1 could not be made: no room',
    ),
  );
  control.pass(60_000);
  control.state.changes.mark();
  await vi.waitFor(() => expect(room.machines.size).toBe(1));
});

test('a machine that was put out is destroyed, also when the server was down meanwhile', async () => {
  const control = await testControl(2);
  const room = new Room();
  room.put('app-2', {});
  await removeMachine(control, { machine: 'app-2' }, 'ana');
  run(control, room);
  await vi.waitFor(() => expect([...room.machines.keys()]).toEqual(['app-1']));
  expect((await control.state.store.list('destruction/')).entries).toEqual([]);
});

const whatWas = (control: TestControl): readonly string[] =>
  control.state.events.after(0).map(({ what }) => what);

test('a machine that cannot be destroyed keeps no other from being made', async () => {
  const control = await testControl(2);
  const room = new Room();
  room.put('app-2', {});
  room.stuck = 'app-2';
  await removeMachine(control, { machine: 'app-2' }, 'ana');
  run(control, room);
  await vi.waitFor(() => expect([...room.machines.keys()].toSorted()).toEqual(['app-1', 'app-2']));
  await vi.waitFor(() => expect(whatWas(control)).toContain('app-2 could not be destroyed: it does not go'));
  room.stuck = '';
  await later(control, () => expect([...room.machines.keys()]).toEqual(['app-1']));
});

test('a machine that its provider no longer has is replaced by another of its name', async () => {
  const control = await testControl(3);
  const room = new Room();
  for (const name of ['app-1', 'app-2', 'app-3']) await joined(control, name);
  for (const name of ['app-1', 'app-2']) room.put(name, {});
  control.offline.add('app-3');
  run(control, room);
  await later(control, () =>
    expect(room.orders.map(({ name, address }) => [name, address])).toEqual([['app-3', '10.90.0.4']]),
  );
  expect(control.state.policy.machines['app-3']).toMatchObject({ index: 4, successorOf: 3 });
});

test('a machine that is connected is there, whatever its provider says', async () => {
  const control = await testControl(1);
  const room = new Room();
  await joined(control, 'app-1');
  run(control, room);
  await control.state.tell({ kind: 'test', what: 'something' });
  await new Promise((resolve) => setTimeout(resolve, 30));
  expect(control.state.policy.machines['app-1']).toMatchObject({ index: 1 });
});

test('when a provider misses most of its machines none is replaced, and this is told once', async () => {
  const control = await testControl(3);
  const room = new Room();
  for (const name of ['app-1', 'app-2', 'app-3']) {
    await joined(control, name);
    control.offline.add(name);
  }
  run(control, room);
  const what =
    'app-1, app-2, app-3 are not found at their provider: so many at once are replaced only by name: ballast machine replace app-1';
  await later(control, () => expect(whatWas(control)).toContain(what));
  for (let seconds = 0; seconds < 60; seconds += 5) {
    control.pass(5_000);
    control.state.changes.mark();
    await new Promise((resolve) => setTimeout(resolve));
  }
  expect(whatWas(control).filter((each) => each === what)).toHaveLength(1);
  expect(room.orders).toEqual([]);
});

test('a replacement that a crash cut short is finished by the next server', async () => {
  const control = await testControl(2);
  const room = new Room();
  for (const name of ['app-1', 'app-2']) {
    await joined(control, name);
    room.put(name, { address: name === 'app-1' ? '10.90.0.1' : '10.90.0.2' });
  }
  control.offline.add('app-2');
  // All that was done is the commit.
  await replaceMachine(control, { machine: 'app-2' }, 'ana');
  expect(room.machines.get('app-2')?.address).toBe('10.90.0.2');
  run(control, room);
  await later(control, () => expect(room.machines.get('app-2')?.address).toBe('10.90.0.3'));
  expect((await control.state.store.list('destruction/')).entries).toEqual([]);
  expect(room.orders).toHaveLength(1);
});
