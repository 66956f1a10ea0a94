import type { Resource } from '#compile/manifest.ts';
import { claimsOf, placeOf } from './kinds.ts';
import type { Ledger } from './ledger.ts';
import { leaves, type Step } from './step.ts';

type Waits = Map<string, Set<string>>;

/** Steps with `waitsFor` filled in, so ordered that each comes after all it waits for. */
export function orderSteps(
  resources: readonly Resource[],
  steps: readonly Step[],
  ledger: Ledger,
): readonly Step[] {
  const sorted = [...steps].sort(firstThings);
  const ensured = sorted.filter((step) => !leaves(step));
  const leaving = sorted.filter(leaves);
  const waits: Waits = new Map(sorted.map(({ key }) => [key, new Set<string>()]));
  waitForDependencies(resources, ensured, waits);
  waitForClaims(ensured, leaving, ledger, waits);
  waitForUsers(ensured, leaving, ledger, waits);
  return topological(sorted, waits);
}

/** Ensuring comes before leaving where both are possible; else the key decides, so that order is always the same. */
function firstThings(a: Step, b: Step): number {
  const difference = Number(leaves(a)) - Number(leaves(b));
  if (difference !== 0) return difference;
  return a.key < b.key ? -1 : 1;
}

/** A resource waits for all it comes after, also through resources that are in place already. */
function waitForDependencies(resources: readonly Resource[], ensured: readonly Step[], waits: Waits): void {
  const reaches = closure(new Map(resources.map(({ id, after }) => [id, after])));
  for (const { key } of ensured) {
    for (const id of reaches(key)) if (id !== key && waits.has(id)) add(waits, key, id);
  }
}

/** What takes an address, a port or a volume waits until what had it has left. */
function waitForClaims(
  ensured: readonly Step[],
  leaving: readonly Step[],
  ledger: Ledger,
  waits: Waits,
): void {
  const holders = new Map<string, string[]>();
  for (const { key, resource } of leaving) {
    for (const claim of ledger[placeOf(resource)]?.claims ?? claimsOf(resource)) {
      holders.set(claim, [...(holders.get(claim) ?? []), key]);
    }
  }
  for (const { key, resource } of ensured) {
    for (const claim of claimsOf(resource))
      for (const holder of holders.get(claim) ?? []) add(waits, key, holder);
  }
}

/** What leaves waits until those that were built on it have left, or were changed to do without it. */
function waitForUsers(
  ensured: readonly Step[],
  leaving: readonly Step[],
  ledger: Ledger,
  waits: Waits,
): void {
  const keys = new Map<string, string>();
  for (const { key, resource } of [...leaving, ...ensured]) keys.set(placeOf(resource), key);
  // In an order of their own: which of two that wait for each other goes first must not depend on the ledger's.
  const entries = Object.entries(ledger)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, { resource }]) => resource);
  const placeOfId = new Map(entries.map((resource) => [resource.id, placeOf(resource)]));
  const reaches = closure(new Map(entries.map(({ id, after }) => [id, after])));
  const gone = new Set(leaving.map(({ key }) => key));
  for (const user of entries) {
    const userKey = keys.get(placeOf(user));
    if (userKey === undefined) continue;
    for (const id of [...reaches(user.id)].sort()) {
      const usedKey = keys.get(placeOfId.get(id) ?? '');
      if (usedKey === undefined || !gone.has(usedKey) || usedKey === userKey) continue;
      // The user may itself wait for this place to be left: then leaving goes first.
      if (!reachable(waits, userKey, usedKey)) add(waits, usedKey, userKey);
    }
  }
}

const add = (waits: Waits, key: string, on: string): void => void waits.get(key)?.add(on);

/** All that can be reached from an id; cycles end where they began. */
function closure(after: ReadonlyMap<string, readonly string[]>): (id: string) => ReadonlySet<string> {
  return (start) => {
    const seen = new Set<string>();
    const open = [...(after.get(start) ?? [])];
    for (let id = open.pop(); id !== undefined; id = open.pop()) {
      if (seen.has(id)) continue;
      seen.add(id);
      open.push(...(after.get(id) ?? []));
    }
    return seen;
  };
}

function reachable(waits: Waits, from: string, to: string): boolean {
  return closure(new Map([...waits].map(([key, on]) => [key, [...on]])))(from).has(to);
}

function topological(steps: readonly Step[], waits: Waits): readonly Step[] {
  const ordered: Step[] = [];
  const done = new Set<string>();
  let open = steps;
  while (open.length > 0) {
    const ready = open.filter(({ key }) => [...(waits.get(key) ?? [])].every((on) => done.has(on)));
    // `checkManifest` refuses cycles; should one get here, its first step goes ahead rather than none.
    const batch = ready.length > 0 ? ready : open.slice(0, 1);
    for (const step of batch) {
      done.add(step.key);
      ordered.push({ ...step, waitsFor: [...(waits.get(step.key) ?? [])].sort() });
    }
    open = open.filter(({ key }) => !done.has(key));
  }
  return ordered;
}
