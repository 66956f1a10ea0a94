import type { StepFailure } from '#plan/model.ts';

/** Failures of a step in a row after which it will hardly mend by itself: half a minute of trying. */
const hopelessTries = 6;

/** Whether waiting for a step that failed is in vain. Unless that is final it is tried again all the same. */
export const isInVain = ({ times = 0, final = false }: Pick<StepFailure, 'times' | 'final'>): boolean =>
  final || times >= hopelessTries;

const firstMs = 1_000;
const lastMs = 60_000;

/** How long to wait before a step is tried again, after so many failures in a row (from 1). */
export const retryDelayMs = (failures: number): number =>
  Math.min(lastMs, firstMs * 2 ** Math.max(0, failures - 1));
