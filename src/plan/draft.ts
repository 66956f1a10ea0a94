import { must } from '#base/assert.ts';
import type { FleetModel } from '#spec/fleet-model.ts';
import type { ServiceModel } from '#spec/model.ts';
import { rooms } from './capacity.ts';
import { serviceDigest } from './digest.ts';
import type { AppState, Inventory, Plan, Policy, Release, Replica, ReplicaReport, Waiting } from './model.ts';
import { freeAddress } from './schedule/address.ts';
import { place } from './schedule/place.ts';

/**
 * The next plan while it is being drawn up. It lives within one call of `nextPlan` and is the only thing there
 * that changes; all rules read it and write to it, in the order `nextPlan` lists them.
 */
export class Draft {
  readonly policy: Policy;
  readonly inventory: Inventory;
  readonly parent: Plan;
  readonly number: number;
  readonly now: number;
  readonly apps = new Map<string, AppState>();
  readonly #replicas: Map<string, Replica>;
  readonly #volumes: Map<string, string>;
  readonly #waiting: Waiting[] = [];
  #wakeAt: number | null = null;

  constructor(policy: Policy, inventory: Inventory, parent: Plan, now: number) {
    this.policy = policy;
    this.inventory = inventory;
    this.parent = parent;
    this.number = parent.number + 1;
    this.now = now;
    this.#replicas = new Map(Object.entries(parent.replicas));
    this.#volumes = new Map(Object.entries(parent.volumes));
    for (const [name, state] of Object.entries(parent.apps)) this.apps.set(name, state);
  }

  get fleet(): FleetModel {
    return this.policy.fleet;
  }

  get wakeAt(): number | null {
    return this.#wakeAt;
  }

  /** Replicas of an app, or of one of its services, ordered by slot and age. */
  of(app: string, service?: string): readonly Replica[] {
    return [...this.#replicas.values()]
      .filter((replica) => replica.app === app && (service === undefined || replica.service === service))
      .sort((a, b) => a.slot - b.slot || a.release - b.release);
  }

  get replicas(): readonly Replica[] {
    return [...this.#replicas.values()];
  }

  report(replica: Replica): ReplicaReport | undefined {
    const machine = this.inventory.machines[replica.machine];
    return machine?.connected ? machine.replicas[replica.id] : undefined;
  }

  /** Runs and is well, or has done what it was there for. */
  healthy(replica: Replica): boolean {
    const state = this.report(replica)?.state;
    return state === 'running' || state === 'completed';
  }

  release(app: string, number: number): Release {
    return must(this.policy.apps[app]?.releases[number], `release ${number} of ${app}`);
  }

  drop(replica: Replica): void {
    this.#replicas.delete(replica.id);
  }

  shift(replica: Replica, phase: Replica['phase']): void {
    if (replica.phase === phase) return;
    this.#replicas.set(replica.id, { ...replica, phase, since: this.now, plan: this.number });
  }

  wait(waiting: Waiting): void {
    this.#waiting.push(waiting);
  }

  /** Asks to be called again at that time, when nothing happens before. */
  wakeNoLaterThan(at: number): void {
    if (at > this.now && (this.#wakeAt === null || at < this.#wakeAt)) this.#wakeAt = at;
  }

  /** Finds a machine and an address for one more replica; otherwise notes what is missing and answers undefined. */
  add(
    release: Release,
    service: ServiceModel,
    slot: number,
    phase: Replica['phase'],
    only?: string,
  ): Replica | undefined {
    const { app } = release;
    const here = rooms(this.policy, this.inventory, this.replicas);
    const pin = this.#pin(release, service);
    const digest = serviceDigest(release, service);
    const placed = place({
      app,
      service,
      digest,
      rooms: only === undefined ? here : here.filter((room) => room.machine.name === only),
      ...(pin ? { pinnedTo: pin } : {}),
    });
    if (!placed.ok) {
      this.wait({ app, service: service.name, what: placed.why });
      return undefined;
    }
    const { machine } = placed.room;
    const taken = new Set(
      [...this.replicas, ...Object.values(this.parent.replicas)].map((replica) => replica.address),
    );
    const address = freeAddress(this.fleet, machine.index, taken, this.number);
    if (address === undefined) {
      this.wait({ app, service: service.name, what: `no container address is free on ${machine.name}` });
      return undefined;
    }
    const replica: Replica = {
      id: `${app}-${service.name}-${slot}-r${release.number}`,
      app,
      service: service.name,
      slot,
      release: release.number,
      digest,
      machine: machine.name,
      address,
      phase,
      since: this.now,
      plan: this.number,
      reason: placed.reason,
    };
    this.#replicas.set(replica.id, replica);
    for (const volume of pinningVolumes(release, service))
      this.#volumes.set(`${app}/${volume}`, machine.name);
    return replica;
  }

  finish(): Plan {
    const dropped = new Set(this.policy.droppedVolumes ?? []);
    return {
      number: this.number,
      parent: this.parent.number,
      at: this.now,
      apps: sortedObject(this.apps),
      replicas: sortedObject(this.#replicas),
      volumes: sortedObject(new Map([...this.#volumes].filter(([volume]) => !dropped.has(volume)))),
      waiting: this.#waiting,
    };
  }

  #pin(release: Release, service: ServiceModel): { machine: string; volume: string } | undefined {
    for (const volume of pinningVolumes(release, service)) {
      const machine = this.#volumes.get(`${release.app}/${volume}`);
      if (machine !== undefined) return { machine, volume };
    }
    return undefined;
  }
}

/** Volumes whose data is on one machine's disk, so that their service must stay there. */
export function pinningVolumes(release: Release, service: ServiceModel): readonly string[] {
  return service.mounts.flatMap((mount) => {
    if (mount.kind !== 'volume') return [];
    const volume = release.model.volumes[mount.volume];
    return volume?.driverOpts['device'] === undefined ? [mount.volume] : [];
  });
}

function sortedObject<T>(map: ReadonlyMap<string, T>): Record<string, T> {
  return Object.fromEntries([...map].sort(([a], [b]) => (a < b ? -1 : 1)));
}
