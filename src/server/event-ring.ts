import type { FleetEvent } from '#wire/views.ts';

export const eventsMax = 10_000;

/** The newest events, in order. Their numbers grow for ever. */
export class EventRing {
  #events: FleetEvent[];
  #nextSeq: number;

  constructor(past: readonly FleetEvent[]) {
    this.#events = [...past];
    this.#nextSeq = (past.at(-1)?.seq ?? 0) + 1;
  }

  get nextSeq(): number {
    return this.#nextSeq;
  }

  /** Takes numbers, so that what is being stored at the same time gets others. */
  reserve(count: number): { readonly release: () => void } {
    const first = this.#nextSeq;
    this.#nextSeq += count;
    return {
      release: () => {
        if (this.#nextSeq === first + count) this.#nextSeq = first;
      },
    };
  }

  add(events: readonly FleetEvent[]): void {
    this.#events.push(...events);
    this.#events.sort((a, b) => a.seq - b.seq);
    if (this.#events.length > eventsMax) this.#events.splice(0, this.#events.length - eventsMax);
  }

  /** Numbers of the events that so many new ones push out. */
  outdatedBy(count: number): readonly number[] {
    const surplus = this.#events.length + count - eventsMax;
    return surplus <= 0 ? [] : this.#events.slice(0, surplus).map((event) => event.seq);
  }

  /** Events after a number, oldest first. */
  after(seq: number): readonly FleetEvent[] {
    const last = this.#events.at(-1);
    if (last === undefined || last.seq <= seq) return [];
    return this.#events.slice(this.#events.findIndex((event) => event.seq > seq));
  }
}
