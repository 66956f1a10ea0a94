import { showDuration } from '#base/duration.ts';
import { BallastError } from '#base/errors.ts';
import { keys } from './keys.ts';
import type { FleetState } from './state.ts';

/** Machines that cannot join because their clocks are wrong. Kept in memory: they say it again. */
export interface Clocks {
  /** Takes what a machine's clock shows. `proof` is the hash of its one-time token. Answers with the time. */
  readonly note: (proof: string, clock: number) => Promise<{ readonly now: number }>;
  /** For people; undefined when nothing is known, or it was long ago. */
  readonly troubleOf: (machine: string) => string | undefined;
}

const rememberedMs = 5 * 60_000;
const machinesMax = 1_000;

export function createClocks(state: FleetState): Clocks {
  const known = new Map<string, { readonly skewMs: number; readonly at: number }>();
  return {
    async note(proof, clock) {
      const now = state.now();
      const machine = await machineOf(state, proof);
      const told = known.get(machine);
      if (known.size >= machinesMax) known.clear();
      known.set(machine, { skewMs: clock - now, at: now });
      if (told === undefined) {
        const what = `${machine} cannot join: ${words(clock - now)}`;
        await state.tell({ kind: 'machine-clock', machine, what });
      }
      return { now };
    },
    troubleOf(machine) {
      const told = known.get(machine);
      return told === undefined || told.at < state.now() - rememberedMs ? undefined : words(told.skewMs);
    },
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
