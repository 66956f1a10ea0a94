import { blockedBy } from '#converge/blocked.ts';
import { placeOf } from '#converge/kinds.ts';
import type { Step } from '#converge/step.ts';

type Status = 'waiting' | 'running' | 'done' | 'failed' | 'parked';

/**
 * The steps that one look at the machine called for, and how far they are. A place that a step of an earlier round
 * still changes is left alone: its step is parked when that ends, and the next round decides anew.
 */
export interface Round {
  /** Steps that wait for nothing any more and are not held back, now marked as running. */
  readonly take: (held: (step: Step) => boolean, busy: ReadonlySet<string>) => readonly Step[];
  readonly end: (step: Step, ok: boolean) => void;
  /** Key of the failure that stands in a step's way. */
  readonly blockerOf: (key: string) => string | undefined;
  readonly isOver: () => boolean;
}

/**
 * `fresh` are those whose resource was changed after it was looked at: taken as done until the next look. Steps that
 * `failedBefore` stand in the way of others also while they are tried again.
 */
export function createRound(
  steps: readonly Step[],
  fresh: (step: Step) => boolean,
  failedBefore: (step: Step) => boolean = () => false,
): Round {
  const status = new Map<string, Status>(steps.map((step) => [step.key, fresh(step) ? 'done' : 'waiting']));
  const own = new Set<Step>();
  let blocked: ReadonlyMap<string, string> = new Map();
  let heldUp: ReadonlyMap<string, string> = new Map();

  return {
    take(held, busy) {
      const failed = steps.filter((step) => status.get(step.key) === 'failed' || held(step));
      blocked = blockedBy(steps, new Set(failed.map(({ key }) => key)));
      heldUp = blockedBy(steps, new Set([...failed, ...steps.filter(failedBefore)].map(({ key }) => key)));
      const ready = steps.filter(
        (step) =>
          status.get(step.key) === 'waiting' &&
          !held(step) &&
          !blocked.has(step.key) &&
          !busy.has(placeOf(step.resource)) &&
          step.waitsFor.every((on) => (status.get(on) ?? 'done') === 'done'),
      );
      for (const step of ready) {
        status.set(step.key, 'running');
        own.add(step);
      }
      return ready;
    },
    end(step, ok) {
      if (!status.has(step.key)) return;
      if (own.has(step)) status.set(step.key, ok ? 'done' : 'failed');
      else if (status.get(step.key) === 'waiting') status.set(step.key, 'parked');
    },
    blockerOf: (key) => heldUp.get(key),
    isOver: () => ![...status.values()].some((value) => value === 'running'),
  };
}
