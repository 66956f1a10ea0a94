import type { Log } from './log.ts';
import type { FleetState, NewEvent } from './state.ts';

/** Events that may wait to be stored; a storm of them must not fill the memory. */
const waitingMax = 500;

export interface Intake {
  readonly tell: (event: NewEvent) => void;
  /** Settles when nothing waits to be stored. */
  readonly idle: () => Promise<void>;
}

/** Stores what machines tell, many at a time, without anybody waiting for it. */
export function createIntake(state: FleetState, log: Log): Intake {
  let waiting: NewEvent[] = [];
  let dropped = 0;
  let running: Promise<void> | undefined;

  async function store(): Promise<void> {
    while (waiting.length > 0) {
      const batch = waiting;
      waiting = [];
      if (dropped > 0)
        batch.push({ kind: 'events-dropped', what: `${dropped} events came too fast and were dropped` });
      dropped = 0;
      await state.tell(...batch);
    }
  }

  return {
    tell(event) {
      if (waiting.length >= waitingMax) {
        dropped += 1;
        return;
      }
      waiting.push(event);
      running ??= store()
        .catch((cause: unknown) => log.error('events could not be stored', cause))
        .finally(() => {
          running = undefined;
        });
    },
    idle: async () => await running,
  };
}
