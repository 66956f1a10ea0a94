import type { AppView, MachineView, ReplicaView, RolloutView } from '#wire/views.ts';

/** Views as the server sends them, for tests: healthy unless told otherwise. */

export function replicaView(over: Partial<ReplicaView> & Pick<ReplicaView, 'id'>): ReplicaView {
  const [, app = 'guestbook', service = 'web', slot = '1', release = '1'] =
    /^(.+)-([^-]+)-(\d+)-r(\d+)$/.exec(over.id) ?? [];
  return {
    app,
    service,
    slot: Number(slot),
    release: Number(release),
    machine: 'app-1',
    address: '10.91.1.2',
    phase: 'serving',
    reason: 'most memory free',
    report: { id: over.id, state: 'running', since: 0, restarts: 0 },
    ...over,
  };
}

export function appView(over: Partial<AppView> = {}): AppView {
  return {
    name: 'guestbook',
    release: 1,
    state: { wanted: 1, target: 1, healthy: 1, phase: 'steady', since: 0 },
    services: [
      { name: 'db', image: 'i', wanted: 1, placed: 1, healthy: 1, updated: 1, ports: [] },
      { name: 'web', image: 'i', wanted: 3, placed: 3, healthy: 3, updated: 3, ports: ['8080:8080/tcp'] },
    ],
    waiting: [],
    ...over,
  };
}

export function machineView(over: Partial<MachineView> = {}): MachineView {
  return {
    name: 'app-1',
    provider: 'local',
    address: '192.0.2.11',
    labels: {},
    status: 'online',
    conformity: 'up-to-date',
    schedulable: true,
    seenAt: 0,
    facts: {
      hostname: 'app-1',
      cpus: 2,
      memoryBytes: 2 ** 31,
      diskFreeBytes: 10e9,
      arch: 'x64',
      os: 'Debian 13',
      kernel: '6.1',
      podman: '5.4.2',
      agent: '0.1.0',
      bootId: 'b',
    },
    replicas: 2,
    reserved: { cpus: 0.5, memoryBytes: 256 << 20 },
    failures: [],
    kept: { cpus: 0, memoryBytes: 0 },
    conditions: [],
    pool: 'app',
    roles: [],
    state: 'ready',
    awaySince: null,
    ...over,
  };
}

export function rolloutView(over: Partial<RolloutView> = {}): RolloutView {
  return { app: appView(), replicas: [], plan: 1, behind: [], done: null, ...over };
}
