import { afterEach, expect, test, vi } from 'vitest';
import type { MachineFound, MachineOrder, Provider } from '#provider/port.ts';
import { removeMachine } from '#server/control/machines.ts';
import { enrol } from '#server/identities.ts';
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
  readonly started: string[] = [];
  failures = 0;

  readonly provider = {
    kind: 'room',
    create: async (order: MachineOrder) => {
      this.orders.push(order);
      if (this.failures-- > 0) throw new Error('no room');
      const found: MachineFound = { name: order.name, address: order.address, state: 'running' };
      this.machines.set(order.name, found);
      return found;
    },
    list: async () => [...this.machines.values()],
    destroy: async (name: string) => void this.machines.delete(name),
    power: { on: async (name: string) => void this.started.push(name) },
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
  return { abort, ended: runMachines({ state: control.state, maker, log: silentLog }, abort.signal) };
}

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
  room.machines.set('app-1', { name: 'app-1', address: '10.90.0.1', state: 'stopped' });
  await control.state.commit({ set: { 'identity/agent/app-1': { identity: 'x', at: 0 } } });
  run(control, room);
  await vi.waitFor(() => expect(room.started).toEqual(['app-1']));
  expect(room.orders).toEqual([]);
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
  room.machines.set('app-2', { name: 'app-2', address: '10.90.0.2', state: 'running' });
  await removeMachine(control, { machine: 'app-2' }, 'ana');
  run(control, room);
  await vi.waitFor(() => expect([...room.machines.keys()]).toEqual(['app-1']));
  expect((await control.state.store.list('destruction/')).entries).toEqual([]);
});
