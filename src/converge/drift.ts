import { fitsGlob } from '#base/glob.ts';
import type { DriftRules, ResourceKind } from '#compile/manifest.ts';
import { leaves, type Step } from './step.ts';

export type Doing = 'repairing' | 'reported' | 'allowed';

/** What is done about a difference that was found, and until when, where that ends by itself. */
export interface Judgement {
  readonly doing: Doing;
  /** ms since the epoch. */
  readonly until?: number;
}

/** Things that a machine forgets when it starts anew: that they are not there then is nobody's doing. */
const volatile: ReadonlySet<string> = new Set([
  'sysctl',
  'firewall',
  'mesh',
  'module',
  'swap',
  'unit',
  'container',
  'network',
]);

export const isVolatile = (kind: ResourceKind): boolean => volatile.has(kind);

/** What the fleet file asks to be done about a corrective step. The longest exception counts. */
export function judgeDrift(step: Step, rules: DriftRules | undefined, now: number): Judgement {
  const until = (rules?.allow ?? [])
    .filter((one) => one.until > now && fitsGlob(step.resource.id, one.resource))
    .reduce((latest, one) => Math.max(latest, one.until), 0);
  if (until > 0) return { doing: 'allowed', until };
  return { doing: rules?.repair === 'report' ? 'reported' : 'repairing' };
}

/** How a resource was found, in one word. */
export function foundAs(step: Step): 'missing' | 'changed' | 'unwanted' {
  if (leaves(step)) return 'unwanted';
  return step.action === 'create' ? 'missing' : 'changed';
}
