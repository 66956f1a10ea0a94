import type {
  Inventory,
  MachineCondition,
  MachineRecord,
  MachineReport,
  Plan,
  Policy,
  Release,
  ReplicaReport,
} from '#plan/model.ts';
import { genesis, nextPlan } from '#plan/next.ts';
import type { AppModel, ServiceModel } from '#spec/model.ts';
import { type MachineSketch, poolsOf } from './sketch.ts';

/** Shorthands with which tests write policies, and a world that obeys plans. */

export function service(
  name: string,
  overrides: Partial<ServiceModel> = {},
  deploy: Partial<ServiceModel['deploy']> = {},
): ServiceModel {
  const update = {
    parallelism: 1,
    delayMs: 0,
    order: 'start-first',
    onFailure: 'rollback',
    monitorMs: 0,
    maxFailureRatio: 0,
  } as const;
  return {
    name,
    image: `registry.internal:5000/${name}@sha256:${'0'.repeat(64)}`,
    environment: {},
    groupAdd: [],
    readOnly: false,
    init: false,
    tty: false,
    stdinOpen: false,
    privileged: false,
    capAdd: [],
    capDrop: [],
    securityOpt: [],
    sysctls: {},
    ulimits: {},
    devices: [],
    mounts: [],
    secrets: [],
    configs: [],
    ports: [],
    expose: [],
    networkMode: 'bridge',
    networks: { default: { aliases: [] } },
    dns: [],
    dnsSearch: [],
    dnsOpt: [],
    extraHosts: [],
    restart: { condition: 'any', delayMs: 1000 },
    stopGraceMs: 10_000,
    labels: {},
    annotations: {},
    dependsOn: [],
    ...overrides,
    deploy: {
      mode: 'replicated',
      replicas: 1,
      limits: {},
      reservations: {},
      update,
      rollback: update,
      constraints: [],
      spread: [],
      endpointMode: 'vip',
      labels: {},
      ...deploy,
    },
  };
}

export function release(
  app: string,
  number: number,
  services: readonly ServiceModel[],
  extra: Partial<AppModel> = {},
): Release {
  const volumes = services.flatMap(({ mounts }) =>
    mounts.flatMap((mount) => (mount.kind === 'volume' ? [mount.volume] : [])),
  );
  return {
    app,
    number,
    model: {
      name: app,
      services: Object.fromEntries(services.map((one) => [one.name, one])),
      networks: { default: { name: `${app}_default`, internal: false, external: false, labels: {} } },
      volumes: Object.fromEntries(
        volumes.map((name) => [
          name,
          { name: `${app}_${name}`, external: false, driver: 'local', driverOpts: {}, labels: {} },
        ]),
      ),
      secrets: {},
      configs: {},
      ...extra,
    },
    origins: {},
    secrets: {},
    at: 0,
    by: 'test',
    note: 'deploy',
  };
}

/** A fleet in memory whose machines do what plans say, at once, unless told otherwise. */
export class World {
  policy: Policy;
  plan: Plan = genesis;
  now = 1_000_000;
  readonly history: Plan[] = [];
  /** Overrides what a replica reports; by replica id, or by `app/service@release`. */
  readonly behaviour = new Map<string, Partial<ReplicaReport>>();
  readonly offline = new Set<string>();
  /** What machines run short of. */
  readonly conditions = new Map<string, readonly MachineCondition[]>();
  /** Since when the server listens; moves when it is started anew. */
  listeningSince = 0;
  readonly #heardSince = new Map<string, number>();
  readonly #seenAt = new Map<string, number>();
  /** Containers that really run, by machine: one that is offline goes on with what it had. */
  readonly #running = new Map<string, readonly string[]>();
  readonly #sizes: Readonly<Record<string, MachineSketch>>;

  constructor(machines: Readonly<Record<string, MachineSketch>>) {
    this.#sizes = machines;
    this.policy = {
      fleet: {
        name: 'test',
        pools: poolsOf(machines),
        network: { machines: '10.90.0.0/24', containers: '10.91.0.0/16' },
        registry: {},
      },
      machines: Object.fromEntries(
        Object.entries(machines).map(([name, { labels = {} }], n) => [
          name,
          {
            name,
            provider: 'local',
            index: n + 1,
            address: `10.90.0.${n + 1}`,
            labels,
            schedulable: true,
            joinedAt: 0,
          },
        ]),
      ),
      apps: {},
    };
  }

  /** Asks for a release; null asks for the app's removal. */
  want(app: string, wanted: Release | null): void {
    const releases = this.policy.apps[app]?.releases ?? {};
    this.policy = {
      ...this.policy,
      apps: {
        ...this.policy.apps,
        [app]: {
          name: app,
          wanted: wanted?.number ?? null,
          releases: wanted ? { ...releases, [wanted.number]: wanted } : releases,
        },
      },
    };
  }

  inventory(): Inventory {
    const machines = Object.keys(this.policy.machines).map((name): [string, MachineReport] => [
      name,
      this.#report(name),
    ]);
    const heard = machines.filter(([, { seenAt }]) => seenAt >= this.listeningSince);
    return { machines: Object.fromEntries(heard), listeningSince: this.listeningSince };
  }

  /** Changes the record of a machine. */
  machine(name: string, change: Partial<MachineRecord>): void {
    const record = this.policy.machines[name];
    if (record === undefined) throw new Error(`no machine ${name}`);
    this.policy = {
      ...this.policy,
      machines: { ...this.policy.machines, [name]: { ...record, ...change } },
    };
  }

  /** The machine is destroyed, and another one gets its name. */
  replace(name: string): void {
    const index = 1 + Math.max(...Object.values(this.policy.machines).map((machine) => machine.index));
    const { draining: _, ...rest } = this.policy.machines[name] as MachineRecord;
    this.policy = {
      ...this.policy,
      machines: {
        ...this.policy.machines,
        [name]: { ...rest, index, address: `10.90.0.${index}`, schedulable: true, joinedAt: this.now },
      },
    };
    this.offline.delete(name);
    this.#running.delete(name);
  }

  /** Ids of the containers that run on each machine, whether the server sees them or not. */
  running(): ReadonlyMap<string, readonly string[]> {
    for (const name of Object.keys(this.policy.machines)) this.#report(name);
    return this.#running;
  }

  /** One planning round. False when there is nothing to do now. */
  step(): boolean {
    const { plan } = nextPlan({
      policy: this.policy,
      inventory: this.inventory(),
      parent: this.plan,
      now: this.now,
    });
    if (!plan) return false;
    this.plan = plan;
    this.history.push(plan);
    return true;
  }

  /** Plans until nothing is left to do, letting time pass when only time can help. Bounded. */
  settle(rounds = 300): this {
    for (let round = 0; round < rounds; round += 1) {
      const { plan, wakeAt } = nextPlan({
        policy: this.policy,
        inventory: this.inventory(),
        parent: this.plan,
        now: this.now,
      });
      if (plan) {
        this.plan = plan;
        this.history.push(plan);
      } else if (wakeAt === null) {
        return this;
      } else {
        this.now = wakeAt;
      }
    }
    throw new Error(`not settled after ${rounds} rounds`);
  }

  #report(machine: string): MachineReport {
    const { cpus = 4, memoryBytes = 4 * 1024 ** 3 } = this.#sizes[machine] ?? {};
    const replicas = Object.values(this.plan.replicas).filter((replica) => replica.machine === machine);
    const connected = !this.offline.has(machine);
    if (connected) {
      this.#seenAt.set(machine, this.now);
      if (!this.#heardSince.has(machine)) this.#heardSince.set(machine, this.now);
      this.#running.set(
        machine,
        replicas.map(({ id }) => id),
      );
    } else {
      this.#heardSince.delete(machine);
    }
    const heardSince = this.#heardSince.get(machine);
    return {
      machine,
      connected,
      seenAt: this.#seenAt.get(machine) ?? this.now,
      ...(heardSince === undefined ? {} : { heardSince }),
      converged: this.offline.has(machine) ? 0 : this.plan.number,
      facts: {
        hostname: machine,
        cpus,
        memoryBytes,
        diskFreeBytes: 1e10,
        arch: 'x86_64',
        os: 'Debian 13',
        kernel: '6.12',
        podman: '5.4.2',
        agent: 'test',
        bootId: 'boot',
      },
      replicas: Object.fromEntries(
        replicas.map(({ id, app, service: name, release: number }) => [
          id,
          {
            id,
            state: 'running',
            since: 0,
            restarts: 0,
            ...this.behaviour.get(`${app}/${name}@${number}`),
            ...this.behaviour.get(id),
          },
        ]),
      ),
      failures: [],
      conditions: this.conditions.get(machine) ?? [],
    };
  }
}
