import { BallastError } from '#base/errors.ts';
import type { Store } from '#store/port.ts';
import type { Log } from './log.ts';

const leaseMs = 15_000;
const renewMs = 5_000;

export interface Leadership {
  /** Counts leaders. Agents refuse manifests of a lower one. */
  readonly epoch: () => number;
  readonly holds: () => boolean;
}

/**
 * Takes the lead and keeps it until the signal aborts. A server that starts again under its own name goes on at once;
 * another has to wait until the lease ran out. `onLost` is called when the lead is gone: stop then.
 */
export async function lead(
  store: Store,
  {
    holder,
    log,
    onLost,
    signal,
  }: {
    readonly holder: string;
    readonly log: Log;
    readonly onLost: (why: BallastError) => void;
    readonly signal: AbortSignal;
  },
): Promise<Leadership> {
  const first = await store.lease('leader', holder, leaseMs);
  if (first === undefined) {
    throw new BallastError('conflict', 'another server leads this fleet', {
      why: 'its lease on the store has not run out',
      fix: `wait ${leaseMs / 1000} s after it has stopped, then start again`,
    });
  }
  let { epoch } = first;
  let holds = true;
  const timer = setInterval(() => {
    void store.lease('leader', holder, leaseMs).then(
      (renewed) => {
        if (signal.aborted) return;
        holds = renewed !== undefined;
        if (renewed === undefined) onLost(new BallastError('conflict', 'another server took the lead'));
        else epoch = renewed.epoch;
      },
      (cause: unknown) => {
        if (!signal.aborted) log.error('the lease could not be renewed', cause);
      },
    );
  }, renewMs);
  signal.addEventListener('abort', () => clearInterval(timer), { once: true });
  return { epoch: () => epoch, holds: () => holds && !signal.aborted };
}
