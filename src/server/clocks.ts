import { showDuration } from '#base/duration.ts';
import { BallastError } from '#base/errors.ts';
import type { RemarkedCondition } from '#wire/views.ts';
import { keys } from './keys.ts';
import type { FleetState, NewEvent } from './state.ts';

/** Machines whose clocks are wrong. Kept in memory: they say it again. */
export interface Clocks {
  /**
   * Takes what the clock of a machine shows that cannot connect because of it: one that has an identity, or the one
   * whose one-time token has this hash. Answers with the time.
   */
  readonly note: (who: Knocking, clock: number) => Promise<{ readonly now: number }>;
  /** Takes what the clock of a connected machine shows. */
  readonly saw: (machine: string, clock: number) => void;
  /** For people, of one that cannot connect; undefined when nothing is known, or it was long ago. */
  readonly troubleOf: (machine: string) => string | undefined;
  /** Of one that is connected all the same. */
  readonly conditionOf: (machine: string) => RemarkedCondition | undefined;
}

export type Knocking = { readonly proof: string } | { readonly machine: string };

const rememberedMs = 5 * 60_000;
const machinesMax = 1_000;
/** A report may be under way for a while, and clocks that keep time differ by less. */
const skewMsMax = 30_000;

export function createClocks(state: FleetState, tell: (event: NewEvent) => void): Clocks {
  const known = new Map<string, { readonly skewMs: number; readonly at: number }>();
  const wrong = new Map<string, RemarkedCondition>();
  return {
    async note(who, clock) {
      const now = state.now();
      const machine = 'machine' in who ? who.machine : await machineOf(state, who.proof);
      const told = known.get(machine);
      if (known.size >= machinesMax) known.clear();
      known.set(machine, { skewMs: clock - now, at: now });
      if (told === undefined || told.at < now - rememberedMs) {
        const does = 'machine' in who ? 'connect' : 'join';
        const what = `${machine} cannot ${does}: ${words(clock - now)}`;
        tell({ kind: 'machine-clock', machine, what });
      }
      return { now };
    },
    saw(machine, clock) {
      const skewMs = clock - state.now();
      known.delete(machine);
      if (Math.abs(skewMs) <= skewMsMax) {
        if (wrong.delete(machine))
          tell({ kind: 'machine-clock', machine, what: `${machine}: its clock is right again` });
        return;
      }
      if (wrong.has(machine)) return;
      const what = words(skewMs);
      wrong.set(machine, { what, since: state.now(), kind: 'wrong-clock' });
      tell({ kind: 'machine-clock', machine, what: `${machine}: ${what}` });
    },
    troubleOf(machine) {
      const told = known.get(machine);
      return told === undefined || told.at < state.now() - rememberedMs ? undefined : words(told.skewMs);
    },
    conditionOf: (machine) => wrong.get(machine),
  };
}
const words = (skewMs: number): string =>
  `its clock is ${showDuration(Math.abs(skewMs))} ${skewMs < 0 ? 'behind' : 'ahead'}`;

async function machineOf(state: FleetState, proof: string): Promise<string> {
  const entry = (await state.store.get(keys.enrolment(proof))) ?? (await state.store.get(keys.ticket(proof)));
  const stored =
    entry && (JSON.parse(entry.value) as { machine?: string; admits?: { machine?: string; pool?: string } });
  const machine = stored?.machine ?? stored?.admits?.machine;
  if (machine !== undefined) return machine;
  if (stored?.admits?.pool !== undefined) return `a machine of the pool ${stored.admits.pool}`;
  throw new BallastError('unauthenticated', 'no token of that kind is out');
}
