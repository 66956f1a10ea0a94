import { must } from '#base/assert.ts';
import type { FleetModel } from '#spec/fleet-model.ts';
import type { ServiceModel } from '#spec/model.ts';
import { closedMachines, type Room, roomBeside, rooms } from './capacity.ts';
import { serviceDigest } from './digest.ts';
import { fatesOf, isSuccessor } from './machines/fate.ts';
import { MachineNotes } from './machines/notes.ts';
import type {
  AppState,
  Inventory,
  MachineState,
  Plan,
  Policy,
  Release,
  Replica,
  ReplicaReport,
  Waiting,
} from './model.ts';
import { pinOf, whyNowhere } from './pins.ts';
import { newReplica, type Where } from './replica.ts';
import { freeAddress } from './schedule/address.ts';
import { type Placed, place } from './schedule/place.ts';
import { together } from './schedule/together.ts';
import { addressServices } from './services.ts';
import { sortedObject, unlessEmpty } from './sorted.ts';
import { pinningVolumes } from './volumes.ts';

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
  readonly #lostVolumes: Map<string, string>;
  readonly notes: MachineNotes;
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
    this.#lostVolumes = new Map(Object.entries(parent.lostVolumes ?? {}));
    for (const [name, state] of Object.entries(parent.apps)) this.apps.set(name, state);
    const { machines, wakeAt } = fatesOf({ policy, inventory, parent, now });
    this.notes = new MachineNotes(machines);
    this.#wakeAt = wakeAt;
    for (const record of Object.values(policy.machines)) {
      if (isSuccessor(parent, record)) this.#bury(record.name);
    }
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
    if (!this.inventory.machines[replica.machine]?.connected) this.notes.addGhost(replica, this.number);
  }

  isLost(machine: string): boolean {
    return this.notes.isLost(machine);
  }

  /** The machine to which a slot is to return; undefined when it may stay where it is. */
  returnOf(slot: Pick<Replica, 'app' | 'service' | 'slot'>): string | undefined {
    const name = this.notes.returnOf(slot);
    return name === undefined || this.isDraining(name) ? undefined : name;
  }

  isDraining(machine: string): boolean {
    return this.policy.machines[machine]?.draining !== undefined;
  }

  /** On a machine where it cannot stay. */
  isMisplaced({ machine }: Replica): boolean {
    return this.isLost(machine) || this.isDraining(machine);
  }

  /** The machine that holds a volume of an app. */
  homeOf(app: string, volume: string): string | undefined {
    return this.#volumes.get(`${app}/${volume}`);
  }

  /** The volume begins anew, wherever its service is placed next. */
  forgetHome(app: string, volume: string): void {
    this.#volumes.delete(`${app}/${volume}`);
  }

  rooms(): readonly Room[] {
    return rooms(this.policy, this.inventory, this.replicas, (machine) => this.notes.isHaunted(machine));
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
    const placed = this.#place(release, service, only);
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
    return this.#put(release, service, {
      slot,
      phase,
      machine: machine.name,
      address,
      reason: placed.reason,
    });
  }

  /** A replica on the machine of another whose network it shares; otherwise notes what is missing. */
  addBeside(owner: Replica, release: Release, service: ServiceModel): Replica | undefined {
    const report = this.inventory.machines[owner.machine];
    const machine = this.policy.machines[owner.machine];
    if (report === undefined || machine === undefined) return undefined;
    const room = roomBeside(this.policy, owner, { machine, report, service, replicas: this.replicas });
    const placed = this.#placeIn([room], release, service);
    if (!placed.ok) {
      this.wait({ app: release.app, service: service.name, what: placed.why });
      return undefined;
    }
    const { slot, address } = owner;
    const where = { slot, machine: owner.machine, address, beside: owner.id };
    return this.#put(release, service, {
      ...where,
      phase: 'starting',
      reason: `shares the network of ${owner.id}`,
    });
  }

  #put(release: Release, service: ServiceModel, where: Where): Replica {
    const planned = [...this.#replicas.keys(), ...Object.keys(this.parent.replicas)];
    const taken = new Set([...planned, ...this.notes.ghosts()]);
    const replica = newReplica(release, service, { ...where, since: this.now, plan: this.number, taken });
    this.#replicas.set(replica.id, replica);
    for (const volume of pinningVolumes(release, together(release, service))) {
      this.#volumes.set(`${release.app}/${volume}`, replica.machine);
      this.#lostVolumes.delete(`${release.app}/${volume}`);
    }
    return replica;
  }

  /** As `add`, on this machine or not at all; a place that is missing is not noted. */
  addOn(machine: string, release: Release, service: ServiceModel, slot: number): Replica | undefined {
    return this.#place(release, service, machine).ok
      ? this.add(release, service, slot, 'starting', machine)
      : undefined;
  }

  /** Whether one more replica would find a machine now; otherwise what is missing is noted. */
  hasPlaceFor(release: Release, service: ServiceModel): boolean {
    const placed = this.#place(release, service);
    if (!placed.ok) this.wait({ app: release.app, service: service.name, what: placed.why });
    return placed.ok;
  }

  finish(): Plan {
    this.notes.keepMoved(this.replicas);
    const services = addressServices(this, this.#waiting);
    const dropped = new Set(this.policy.droppedVolumes ?? []);
    return {
      number: this.number,
      parent: this.parent.number,
      at: this.now,
      apps: sortedObject(this.apps),
      replicas: sortedObject(this.#replicas),
      volumes: sortedObject(new Map([...this.#volumes].filter(([volume]) => !dropped.has(volume)))),
      ...unlessEmpty(
        'lostVolumes',
        [...this.#lostVolumes].filter(([volume]) => !dropped.has(volume)),
      ),
      ...unlessEmpty('services', services),
      ...unlessEmpty(
        'machines',
        this.notes.all.filter(([name, state]) => this.#isNoted(name, state)),
      ),
      waiting: this.#waiting,
    };
  }

  /** The machine is no more and another bears its name: what was on it is not on that. */
  #bury(machine: string): void {
    for (const replica of this.replicas) {
      if (replica.machine !== machine) continue;
      this.notes.addMoved(replica);
      this.#replicas.delete(replica.id);
    }
    for (const [volume, home] of [...this.#volumes]) {
      if (home !== machine) continue;
      this.#volumes.delete(volume);
      this.#lostVolumes.set(volume, machine);
    }
  }

  /** A machine without a past and with nothing on it needs no note. */
  #isNoted(name: string, { index: _, ...past }: MachineState): boolean {
    return (
      Object.keys(past).length > 0 ||
      this.replicas.some(({ machine }) => machine === name) ||
      [...this.#volumes.values()].includes(name)
    );
  }

  #place(release: Release, service: ServiceModel, only?: string): Placed {
    const here = this.rooms();
    return this.#placeIn(
      only === undefined ? here : here.filter((room) => room.machine.name === only),
      release,
      together(release, service),
    );
  }

  #placeIn(rooms: readonly Room[], release: Release, service: ServiceModel): Placed {
    const { app } = release;
    const homeOf = (volume: string) => this.homeOf(app, volume);
    const lostOn = (volume: string) => this.#lostVolumes.get(`${app}/${volume}`);
    const why = whyNowhere(release, service, { homeOf, lostOn });
    if (why !== undefined) return { ok: false, why };
    const pin = pinOf(release, service, homeOf);
    return place({
      app,
      service,
      digest: serviceDigest(release, service),
      rooms,
      closed: closedMachines(this.policy, this.inventory),
      ...(pin ? { pinnedTo: pin } : {}),
    });
  }
}
