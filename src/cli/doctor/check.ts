import { BallastError } from '#base/errors.ts';

/** One thing that was looked at. */
export interface Check {
  /** `This machine`, `The fleet`, or the way between two replicas. */
  readonly group: string;
  readonly ok: boolean;
  readonly what: string;
  /** What to do when it is not. */
  readonly fix?: string;
}

export const dayMs = 86_400_000;

/** A check that met an error. */
export function failedCheck(group: Check['group'], error: unknown, fix: string): Check {
  const known = error instanceof BallastError ? error : undefined;
  const message = error instanceof Error ? error.message : String(error);
  const why = known?.detail.why === undefined ? '' : `: ${known.detail.why}`;
  return { group, ok: false, what: `${message}${why}`, fix: known?.detail.fix ?? fix };
}
