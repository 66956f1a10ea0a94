import { must } from '#base/assert.ts';
import { BallastError } from '#base/errors.ts';
import type { Plan, Policy } from '#plan/model.ts';
import { genesis } from '#plan/next.ts';
import type { Store } from '#store/port.ts';
import type { FleetEvent } from '#wire/views.ts';
import type { Changes } from './changes.ts';
import { EventRing } from './event-ring.ts';
import { keys } from './keys.ts';
import { PolicyView } from './policy-view.ts';

export type NewEvent = Omit<FleetEvent, 'seq' | 'at'> & { readonly at?: number };

/** One change of the stored state, all or nothing. Values are JSON; null deletes. */
export interface Change {
  readonly set: Readonly<Record<string, unknown>>;
  /** What is told about it, in the same commit: a change without its event cannot be. */
  readonly events?: readonly NewEvent[];
  /** Also makes a plan of the same content: what machines must hold changed though no replica moved. */
  readonly bump?: boolean;
}

export const pastPlansMax = 200;

/**
 * Policy, plan and events, as the store holds them. Reads are from memory; a write is in the store before it is seen
 * here. One server writes, so memory and store cannot part; the compare-and-set on the plan makes sure of it.
 */
export class FleetState {
  readonly store: Store;
  readonly now: () => number;
  readonly changes: Changes;
  readonly events: EventRing;
  readonly #view: PolicyView;
  #plan: Plan;
  #planRevision: number;
  #turn: Promise<unknown> = Promise.resolve();

  private constructor(parts: {
    store: Store;
    now: () => number;
    changes: Changes;
    events: EventRing;
    view: PolicyView;
    plan: Plan;
    planRevision: number;
  }) {
    this.store = parts.store;
    this.now = parts.now;
    this.changes = parts.changes;
    this.events = parts.events;
    this.#view = parts.view;
    this.#plan = parts.plan;
    this.#planRevision = parts.planRevision;
  }

  /** Reads all that a server goes on from. */
  static async load(store: Store, changes: Changes, now: () => number): Promise<FleetState> {
    const view = new PolicyView();
    for (const { key, value } of (await store.list(keys.policy)).entries) view.take(key, value);
    const stored = await store.get(keys.plan);
    const past = (await store.list(keys.events)).entries.map(
      (entry) => JSON.parse(entry.value) as FleetEvent,
    );
    return new FleetState({
      store,
      now,
      changes,
      view,
      events: new EventRing(past),
      plan: stored === undefined ? genesis : (JSON.parse(stored.value) as Plan),
      planRevision: stored?.revision ?? 0,
    });
  }

  get policy(): Policy {
    return this.#view.policy;
  }

  get plan(): Plan {
    return this.#plan;
  }

  /** Runs alone: no other `exclusive` body runs meanwhile. What decides on what it read belongs in one. */
  async exclusive<T>(body: () => Promise<T>): Promise<T> {
    const before = this.#turn;
    const mine = before.catch(() => {}).then(body);
    this.#turn = mine.catch(() => {});
    return await mine;
  }

  /** Stores a change and then shows it. Throws `conflict` when another wrote the plan meanwhile. */
  async commit({ set, events = [], bump = false }: Change): Promise<void> {
    const all: Record<string, unknown> = { ...set };
    if (bump) {
      const { number } = this.#plan;
      Object.assign(
        all,
        this.#planChange({ ...this.#plan, number: number + 1, parent: number, at: this.now() }),
      );
    }
    const told = events.map((event, i) => ({
      ...event,
      at: event.at ?? this.now(),
      seq: this.events.nextSeq + i,
    }));
    for (const event of told) all[keys.event(event.seq)] = event;
    for (const seq of this.events.outdatedBy(told.length)) all[keys.event(seq)] = null;
    const writesPlan = keys.plan in all;
    const reserved = this.events.reserve(told.length);
    const outcome = await this.store.commit({
      expect: writesPlan ? { [keys.plan]: this.#planRevision } : {},
      changes: Object.fromEntries(
        Object.entries(all).map(([key, value]) => [key, value === null ? null : JSON.stringify(value)]),
      ),
    });
    if (!outcome.ok) {
      reserved.release();
      throw new BallastError('conflict', 'another server changed the plan', {
        why: `${outcome.conflict} was written meanwhile`,
        fix: 'make sure that one server runs on this store, then try again',
      });
    }
    for (const [key, value] of Object.entries(set))
      this.#view.take(key, value === null ? null : JSON.stringify(value));
    if (writesPlan) {
      this.#plan = must(all[keys.plan] as Plan | undefined, 'the plan');
      this.#planRevision = outcome.revision;
    }
    this.events.add(told);
    this.changes.mark();
  }

  /** The keys that make a plan the current one. */
  #planChange(plan: Plan): Readonly<Record<string, unknown>> {
    return {
      [keys.plan]: plan,
      [keys.pastPlan(plan.number)]: plan,
      ...(plan.number > pastPlansMax ? { [keys.pastPlan(plan.number - pastPlansMax)]: null } : {}),
    };
  }

  /** Makes a plan the current one, if it was made from the one that is. */
  async adopt(plan: Plan, events: readonly NewEvent[]): Promise<void> {
    if (plan.parent !== this.#plan.number) {
      throw new BallastError(
        'conflict',
        `plan ${plan.number} was made from an older plan than ${this.#plan.number}`,
      );
    }
    await this.commit({ set: this.#planChange(plan), events });
  }

  /** Tells what happened without a change of its own. */
  async tell(...events: readonly NewEvent[]): Promise<void> {
    await this.exclusive(() => this.commit({ set: {}, events }));
  }
}
