import { basename } from 'node:path';
import type { StepFailure } from '#plan/model.ts';

/** A failed step in one line: the resource, the line of a file that asked for it, and what went wrong. */
export function failureLine({ resource, origin, what, times = 1 }: StepFailure): string {
  return `${resource}${askedBy(origin)} failed${times > 1 ? ` ${times} times` : ''}: ${what}`;
}

/** ` (fleet.yaml:12:5)` for what people wrote; nothing for what Ballast itself needs. */
function askedBy(origin: string | undefined): string {
  const place = /^(.+):(\d+):(\d+)$/.exec(origin ?? '');
  return place ? ` (${basename(place[1] ?? '')}:${place[2]}:${place[3]})` : '';
}
