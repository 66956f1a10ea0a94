import type { Resource } from '#compile/manifest.ts';
import type { Drift } from '#plan/drift.ts';
import type { News } from './news.ts';
import type { Culprit } from './witness.ts';

export interface DriftNews {
  readonly drift: Drift;
  /** `lost`: the machine forgot it when it started anew, and it is back. */
  readonly stage: NonNullable<News['stage']> | 'lost';
  readonly at: number;
  readonly culprit: Culprit | undefined;
  readonly resource: Resource | undefined;
}

/** What people are told about drift. */
export function newsOfDrift({ drift, stage, at, culprit, resource }: DriftNews): News {
  const app = resource?.kind === 'container' && resource.app !== '' ? { app: resource.app } : {};
  return {
    ...{ at, kind: 'drift', subject: drift.resource, cause: 'corrective', ...app },
    what: textOf(drift, stage, at),
    stage: stage === 'lost' ? 'repaired' : stage,
    ...(culprit?.certain ? { by: culprit.name } : {}),
  };
}

function textOf(drift: Drift, stage: DriftNews['stage'], at: number): string {
  const { resource, by } = drift;
  const who = by === undefined ? '' : ` ${by}`;
  switch (stage) {
    case 'found':
      return `${resource} ${isWords(drift)}${who}`;
    case 'repaired':
      return drift.found === 'unwanted'
        ? `${resource} was not wanted and is removed`
        : `${resource} ${wasWords(drift)} and is put right after ${at - drift.since} ms`;
    case 'lost':
      return `${resource} was not there after a start of the machine and is put right`;
    case 'reported':
      return `${resource} ${isWords(drift)}${who}; it is left so until somebody runs ballast repair`;
    case 'allowed':
      return `${resource} ${isWords(drift)}${who}; that is allowed until ${showMoment(drift.until ?? 0)}`;
    case 'over':
      return `${resource} is as declared again`;
  }
}

const namesOf = ({ changes }: Drift): string => changes.map(({ name }) => name).join(', ');

const isWords = (drift: Drift): string =>
  ({ missing: 'is missing', changed: `differs (${namesOf(drift)})`, unwanted: 'is not wanted' })[drift.found];

const wasWords = (drift: Drift): string =>
  drift.found === 'missing' ? 'was missing' : `differed (${namesOf(drift)})`;

/** `2026-12-01 00:00 UTC`. */
const showMoment = (ms: number): string => `${new Date(ms).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
