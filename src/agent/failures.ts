import { BallastError } from '#base/errors.ts';
import { isInVain, retryDelayMs } from '#converge/backoff.ts';
import { appliedDigest } from '#converge/ledger.ts';
import type { Step } from '#converge/step.ts';
import type { StepFailure } from '#plan/model.ts';
import { explain } from './log.ts';

interface Failed {
  readonly digest: string;
  readonly count: number;
  readonly retryAt: number;
  /** Waiting for it to succeed is in vain. */
  readonly permanent: boolean;
  readonly failure: StepFailure;
}

/** Steps that failed, and when each may be tried again. */
export interface Failures {
  readonly add: (step: Step, cause: unknown, now: number) => StepFailure;
  /** Something of the agent's own that fails, apart from all steps. */
  readonly complain: (what: string, cause: unknown) => void;
  readonly content: (what: string) => void;
  readonly succeeded: (key: string) => void;
  /** Whether a step has to wait before it is tried again. */
  readonly holds: (step: Step, now: number) => boolean;
  /** Forgets the failures of steps that are not needed any more. */
  readonly keepOnly: (keys: ReadonlySet<string>) => void;
  /** Lets everything be tried again at once: there is a new manifest. */
  readonly forgive: () => void;
  readonly list: () => readonly StepFailure[];
  readonly of: (key: string) => { readonly failure: StepFailure; readonly permanent: boolean } | undefined;
  /** When the next one may be tried again, ms since the epoch. */
  readonly nextAt: () => number | undefined;
}

export function createFailures(): Failures {
  const failed = new Map<string, Failed>();
  const complaints = new Map<string, StepFailure>();
  return {
    add(step, cause, now) {
      const count = (failed.get(step.key)?.count ?? 0) + 1;
      const code = cause instanceof BallastError ? cause.code : 'internal';
      // What was undone waits for another manifest, or for a person.
      const final = code === 'undone';
      const failure = {
        ...toFailure(step.resource.id, cause),
        origin: step.resource.origin,
        times: count,
        ...(final ? { final } : {}),
      };
      // Trying again does not make an image appear in a registry: say so at once.
      const permanent = code === 'image-not-found' || isInVain(failure);
      const retryAt = now + retryDelayMs(count);
      failed.set(step.key, { digest: appliedDigest(step.resource), count, retryAt, permanent, failure });
      return failure;
    },
    complain: (what, cause) => void complaints.set(what, toFailure(what, cause)),
    content: (what) => void complaints.delete(what),
    succeeded: (key) => void failed.delete(key),
    holds(step, now) {
      const known = failed.get(step.key);
      return known !== undefined && known.digest === appliedDigest(step.resource) && now < known.retryAt;
    },
    keepOnly(keys) {
      for (const key of failed.keys()) if (!keys.has(key)) failed.delete(key);
    },
    forgive() {
      for (const [key, known] of failed) {
        const { times: _, final, ...failure } = known.failure;
        // What was undone is refused anew, unless what is wanted has changed.
        if (final) failed.delete(key);
        else failed.set(key, { ...known, count: 0, retryAt: 0, failure });
      }
    },
    list: () =>
      [...complaints.values(), ...[...failed.values()].map(({ failure }) => failure)].sort(byResource),
    of: (key) => failed.get(key),
    nextAt: () => {
      const times = [...failed.values()]
        .filter(({ failure }) => !failure.final)
        .map(({ retryAt }) => retryAt);
      return times.length === 0 ? undefined : Math.min(...times);
    },
  };
}

const byResource = (a: StepFailure, b: StepFailure): number => (a.resource < b.resource ? -1 : 1);

function toFailure(resource: string, cause: unknown): StepFailure {
  if (!(cause instanceof BallastError)) return { resource, what: explain(cause) };
  const { why, fix, log } = cause.detail;
  const what = [cause.message, why, fix].filter((part) => part !== undefined && part !== '').join('; ');
  return { resource, what, ...(log === undefined || log.length === 0 ? {} : { log }) };
}
