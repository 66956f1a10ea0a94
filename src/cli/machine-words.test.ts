import { expect, test } from 'vitest';
import { machineData, onAwayMachines } from './machine-words.ts';
import { statusOf, troubleOf } from './replica-words.ts';
import { machineView, replicaView } from './testing/views.ts';

test('replicas on machines that are away are not said to be gone', () => {
  const replicas = [
    replicaView({ id: 'shop-web-1-r1' }),
    replicaView({ id: 'shop-web-2-r1', machine: 'app-2' }),
  ];
  const machines = [machineView(), machineView({ name: 'app-2', status: 'offline' })];
  expect(onAwayMachines(replicas, machines).map(({ id }) => id)).toEqual(['shop-web-2-r1']);
});

test('how a replica on a machine that is away is, is not known', () => {
  const away = replicaView({ id: 'shop-web-1-r1', report: null, away: true });
  expect(statusOf(away)).toBe('unknown');
  expect(troubleOf(away)).toContain('its machine is offline');
  expect(statusOf({ ...away, phase: 'draining' })).toBe('unknown');
  expect(statusOf(replicaView({ id: 'shop-web-1-r1', report: null }))).toBe('pending');
});

test('programs are told of a machine in the words that people read', () => {
  expect(machineData(machineView({ state: 'draining' }))).toMatchObject({
    status: 'draining',
    connected: true,
  });
  expect(machineData(machineView({ state: 'lost', status: 'offline' }))).toMatchObject({
    ...{ status: 'lost', connected: false },
  });
});
