import { BallastError } from '#base/errors.ts';
import type { Change } from './port.ts';

/** What a log offers to those who follow it. */
export interface LogSource {
  /** At most `limit` changes after `revision` under `prefix`, in order; never half a revision at the end. */
  readonly after: (prefix: string, revision: number, limit: number) => readonly Change[];
  /** The revision of the newest commit. */
  readonly head: () => number;
  /** History up to and including this revision may be gone. */
  readonly horizon: () => number;
}

/** Wakes every follower of one log. */
export interface Bell {
  readonly ring: () => void;
  /** Settles at the next ring, or when the signal aborts. */
  readonly wait: (signal: AbortSignal) => Promise<void>;
}

export function createBell(): Bell {
  let waiters: (() => void)[] = [];
  return {
    ring() {
      const woken = waiters;
      waiters = [];
      for (const wake of woken) wake();
    },
    wait: (signal) =>
      new Promise<void>((resolve) => {
        if (signal.aborted) return resolve();
        const wake = () => {
          signal.removeEventListener('abort', wake);
          resolve();
        };
        signal.addEventListener('abort', wake, { once: true });
        waiters.push(wake);
      }),
  };
}

const batchLimit = 500;

/**
 * Every change after `fromRevision`, in order, until the signal aborts. Reads the log itself, so a follower that is
 * slow or starts late misses nothing; the bell only says that there is more to read.
 */
export async function* followLog(
  source: LogSource,
  bell: Bell,
  { prefix, fromRevision, signal }: { prefix: string; fromRevision: number; signal: AbortSignal },
): AsyncIterable<Change> {
  let seen = fromRevision;
  while (!signal.aborted) {
    if (seen < source.horizon()) {
      throw new BallastError('conflict', `the store no longer holds the changes after revision ${seen}`, {
        why: `its history begins after revision ${source.horizon()}`,
        fix: 'list the keys anew and watch from the revision that answer names',
      });
    }
    const head = source.head();
    const batch = source.after(prefix, seen, batchLimit);
    for (const change of batch) {
      if (signal.aborted) return;
      yield change;
    }
    const last = batch.at(-1);
    if (last !== undefined) seen = last.revision;
    else if (head > seen) seen = head; // nothing under this prefix up to there
    if (batch.length === 0 && source.head() === head) await bell.wait(signal);
  }
}
