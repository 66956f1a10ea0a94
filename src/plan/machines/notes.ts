import type { MachineState, Replica } from '#plan/model.ts';

type Slot = Pick<Replica, 'app' | 'service' | 'slot'>;

const keyOf = ({ app, service, slot }: Slot): string => `${app}/${service}/${slot}`;

/** What the next plan is to remember of machines, while it is being drawn up. */
export class MachineNotes {
  readonly #states: Map<string, MachineState>;

  constructor(states: ReadonlyMap<string, MachineState>) {
    this.#states = new Map(states);
  }

  get all(): readonly (readonly [string, MachineState])[] {
    return [...this.#states];
  }

  isLost(machine: string): boolean {
    return this.#states.get(machine)?.lostSince !== undefined;
  }

  /** Whether something may run there that no plan wants. */
  isHaunted(machine: string): boolean {
    return this.#states.get(machine)?.ghosts !== undefined;
  }

  ghosts(): readonly string[] {
    return [...this.#states.values()].flatMap((state) => state.ghosts?.replicas ?? []);
  }

  /** A replica was taken from a machine that is away. */
  addGhost({ machine, id }: Replica, plan: number): void {
    const state = this.#states.get(machine);
    if (state === undefined) return;
    const replicas = [...new Set([...(state.ghosts?.replicas ?? []), id])].sort();
    this.#states.set(machine, { ...state, ghosts: { replicas, plan } });
  }

  /** Notes that a slot was taken from a lost machine: it returns to its successor. */
  addMoved(replica: Replica): void {
    const state = this.#states.get(replica.machine);
    if (state === undefined) return;
    const moved = [...new Set([...(state.moved ?? []), keyOf(replica)])].sort();
    this.#states.set(replica.machine, { ...state, moved });
  }

  /** The successor to which a slot is to return; undefined when it may stay where it is. */
  returnOf(slot: Slot): string | undefined {
    const key = keyOf(slot);
    return this.all.find(([, { moved, lostSince }]) => lostSince === undefined && moved?.includes(key))?.[0];
  }

  /** Slots that are no longer there have nothing to return. */
  keepMoved(replicas: readonly Slot[]): void {
    const there = new Set(replicas.map(keyOf));
    for (const [name, { moved, ...rest }] of this.all) {
      const left = moved?.filter((key) => there.has(key)) ?? [];
      this.#states.set(name, left.length > 0 ? { ...rest, moved: left } : rest);
    }
  }

  /** The slot is back, or cannot return. */
  forgetReturn(machine: string, slot: Slot): void {
    const state = this.#states.get(machine);
    if (state === undefined) return;
    const { moved = [], ...rest } = state;
    const left = moved.filter((key) => key !== keyOf(slot));
    this.#states.set(machine, left.length > 0 ? { ...rest, moved: left } : rest);
  }
}
