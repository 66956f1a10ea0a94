import type { Manifest } from '#compile/manifest.ts';
import { diff } from './diff.ts';
import type { Observation } from './fields.ts';
import { wantedOf } from './kinds.ts';
import { type Ledger, settleLedger } from './ledger.ts';
import type { Step } from './step.ts';

/** A machine that holds `manifest` exactly. */
export const observedAs = (manifest: Manifest): Observation =>
  new Map(manifest.resources.map((resource) => [resource.id, { fields: wantedOf(resource) }]));

/** The ledger of a machine on which Ballast made all of `manifest`. */
export function ledgerAs(manifest: Manifest): Ledger {
  const settled = settleLedger({}, manifest, observedAs(manifest));
  return Object.fromEntries(
    Object.entries(settled).map(([place, entry]) => [place, { ...entry, before: null }]),
  );
}

/** The steps from one manifest to another, on a machine that holds the first exactly: what a preview shows. */
export const compareManifests = (before: Manifest, after: Manifest): readonly Step[] =>
  diff(after, observedAs(before), ledgerAs(before));
