import { same } from '#base/json.ts';
import { imageIdentity } from '#compile/kept-images.ts';
import type { Manifest, Resource } from '#compile/manifest.ts';
import { changesBetween, type Observation } from './fields.ts';
import { actionOf, leavesOf, placeOf, wantedOf } from './kinds.ts';
import { appliedDigest, type Ledger, type LedgerEntry } from './ledger.ts';
import { orderSteps } from './order.ts';
import type { Step } from './step.ts';

/**
 * What has to be done so that the machine holds its manifest, in an order that works: dependencies first, what
 * leaves before what takes its address, port or volume. Nothing to do gives no steps. Pure; the order of the input
 * never matters.
 */
export function diff(manifest: Manifest, observed: Observation, ledger: Ledger): readonly Step[] {
  const ensured = manifest.resources.flatMap((resource) => ensure(resource, observed, ledger));
  return orderSteps(manifest.resources, [...ensured, ...leaving(manifest, observed, ledger)], ledger);
}

function ensure(resource: Resource, observed: Observation, ledger: Ledger): Step[] {
  const before = observed.get(resource.id)?.fields ?? null;
  const changes = changesBetween(before, wantedOf(resource));
  if (before !== null && changes.length === 0) return [];
  const entry = ledger[placeOf(resource)];
  const drifted = entry?.applied === appliedDigest(resource);
  const adopts =
    before !== null && (entry === undefined || (entry.before !== null && same(entry.before, before)));
  return [
    {
      key: resource.id,
      action: before === null ? 'create' : actionOf(resource, changes),
      resource,
      changes,
      cause: drifted ? 'corrective' : 'intentional',
      before,
      ...(adopts ? { adopts } : {}),
      waitsFor: [],
    },
  ];
}

/** Steps for what Ballast holds, or finds where everything is its own, and the manifest does not name. */
function leaving(manifest: Manifest, observed: Observation, ledger: Ledger): Step[] {
  const wanted = new Set(manifest.resources.map(placeOf));
  const steps = new Map<string, Step>();
  for (const { stray } of observed.values()) {
    if (stray !== undefined && !wanted.has(placeOf(stray))) {
      steps.set(placeOf(stray), leave(stray, { before: null, cause: 'corrective', action: 'delete' }));
    }
  }
  for (const [place, entry] of Object.entries(ledger)) {
    if (wanted.has(place) || isKeptImage(entry, manifest)) continue;
    const { before } = entry;
    const action = farewell(entry, manifest);
    steps.set(place, leave(entry.resource, { before, cause: 'intentional', action }));
  }
  return [...steps.values()];
}

/** An image that a release may need again: it stays, and stays known as one that Ballast pulled. */
function isKeptImage({ resource }: LedgerEntry, { resources, keepImages = [] }: Manifest): boolean {
  if (resource.kind !== 'image') return false;
  const identity = imageIdentity(resource.reference);
  return (
    keepImages.includes(identity) ||
    resources.some((one) => one.kind === 'image' && imageIdentity(one.reference) === identity)
  );
}

function farewell({ resource, before }: LedgerEntry, { keepImages }: Manifest): Step['action'] {
  // An image that was there before Ballast is somebody else's, and stays.
  if (resource.kind === 'image') return keepImages !== undefined && before === null ? 'delete' : 'forget';
  return leavesOf(resource) === 'always' ? 'delete' : 'forget';
}

const leave = (resource: Resource, how: Pick<Step, 'before' | 'cause' | 'action'>): Step => ({
  key: `-${placeOf(resource)}`,
  resource,
  changes: [],
  waitsFor: [],
  ...how,
});
