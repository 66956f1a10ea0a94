import { BallastError } from '#base/errors.ts';
import type { NewEvent } from './state.ts';

const quietMs = 10 * 60_000;
const knownMax = 200;

/**
 * Tells of tokens that were refused: one that was stolen or is used twice shows by it. Anybody may knock, and a
 * machine knocks again and again, so the same from the same place is told once in a while only.
 */
export function createRefusals(
  tell: (event: NewEvent) => void,
  now: () => number,
): (cause: unknown, from: string) => void {
  const told = new Map<string, number>();
  return (cause, from) => {
    if (!(cause instanceof BallastError)) return;
    const why = cause.detail.why ?? '';
    const what = `${from} asked to join, and ${cause.message}${why === '' ? '' : `: ${why}`}`;
    const last = told.get(what);
    if (last !== undefined && now() - last < quietMs) return;
    // A list that is full forgets its oldest, so that whoever fills it hides nothing that comes after.
    if (told.size >= knownMax)
      for (const [oldest] of told) {
        told.delete(oldest);
        break;
      }
    told.set(what, now());
    tell({ kind: 'enrolment-refused', subject: from, what });
  };
}
