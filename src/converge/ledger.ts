import { digestOf } from '#base/digest.ts';
import { same } from '#base/json.ts';
import type { Manifest, Resource } from '#compile/manifest.ts';
import type { Fields, Observation } from './fields.ts';
import { claimsOf, placeOf, slimOf, wantedOf } from './kinds.ts';
import { leaves, type Step } from './step.ts';

/**
 * What Ballast holds on this machine, by place (`file /etc/x`). Written before anything is changed, so that a crash
 * loses no track of it.
 */
export type Ledger = Readonly<Record<string, LedgerEntry>>;

export interface LedgerEntry {
  /** Without its long and secret texts. */
  readonly resource: Resource;
  readonly claims: readonly string[];
  /** How it was before Ballast first touched it; null when it was not there. */
  readonly before: Fields | null;
  /** Digest of the fields last applied; null while the first try is not done. */
  readonly applied: string | null;
  /** What the facility wants to know the next time it looks. */
  readonly note?: string;
}

/** Digest of what is wanted of a resource, as ledger entries hold it. */
export const appliedDigest = (resource: Resource): string => digestOf(wantedOf(resource));

/** The ledger to write before these steps run. */
export function beginSteps(ledger: Ledger, steps: readonly Step[]): Ledger {
  const next: Record<string, LedgerEntry> = { ...ledger };
  for (const { resource, before } of steps.filter((step) => !leaves(step))) {
    const place = placeOf(resource);
    const entry = next[place];
    const claims = [...new Set([...(entry?.claims ?? []), ...claimsOf(resource)])].sort();
    const fresh = { resource: slimOf(resource), claims, before, applied: null };
    next[place] = entry === undefined ? fresh : { ...entry, resource: fresh.resource, claims };
  }
  return same(next, ledger) ? ledger : next;
}

/** The ledger after a step succeeded. */
export function endStep(ledger: Ledger, step: Step, note?: string): Ledger {
  const place = placeOf(step.resource);
  const { [place]: entry, ...rest } = ledger;
  if (leaves(step)) return rest;
  return { ...rest, [place]: held(step.resource, entry, step.before, note) };
}

/**
 * The ledger once `manifest` was found to hold: resources that were in place without a step are remembered too, so
 * that a later difference is known to be drift.
 */
export function settleLedger(ledger: Ledger, manifest: Manifest, observed: Observation): Ledger {
  const next: Record<string, LedgerEntry> = { ...ledger };
  for (const resource of manifest.resources) {
    const seen = observed.get(resource.id);
    const place = placeOf(resource);
    if (seen !== undefined) next[place] = held(resource, next[place], seen.fields);
  }
  return same(next, ledger) ? ledger : next;
}

function held(
  resource: Resource,
  entry: LedgerEntry | undefined,
  before: Fields | null,
  note?: string,
): LedgerEntry {
  const kept = note ?? entry?.note;
  return {
    resource: slimOf(resource),
    claims: [...claimsOf(resource)].sort(),
    before: entry === undefined ? before : entry.before,
    applied: appliedDigest(resource),
    ...(kept === undefined ? {} : { note: kept }),
  };
}
