import { serviceDigest } from '#plan/digest.ts';
import type { Draft } from '#plan/draft.ts';
import type { AppState, Release, Replica } from '#plan/model.ts';
import { companionsOf } from '#plan/schedule/together.ts';
import type { ServiceModel } from '#spec/model.ts';
import { unmetDependency } from './dependencies.ts';

/** Whether a replica is well, and with it all that is to stand beside it. */
export const isReady = (draft: Draft, release: Release, replica: Replica): boolean =>
  draft.healthy(replica) &&
  companionsOf(release, replica.service).every(({ name }) =>
    draft.of(replica.app, name).some((one) => one.beside === replica.id && draft.healthy(one)),
  );

/** What shared the network of a replica that is no more has gone with it. */
export function dropAlone(draft: Draft): void {
  const there = new Set(draft.replicas.map(({ id }) => id));
  for (const replica of draft.replicas) {
    if (replica.beside !== undefined && !there.has(replica.beside)) draft.drop(replica);
  }
}

/**
 * Takes a service whose replicas share the network of others' the next safe step. They follow those: each comes with
 * its owner, gets no traffic of its own, and goes with it. One that is outdated itself is replaced where it stands,
 * the old one first, since two would fight for the ports of one network.
 */
export function stepCompanion(
  draft: Draft,
  release: Release,
  service: ServiceModel,
  phase: AppState['phase'],
): void {
  const digest = serviceDigest(release, service);
  const owner = release.model.services[service.networkOf ?? ''];
  if (owner === undefined) return;
  const ownerDigest = serviceDigest(release, owner);
  const own = () => draft.of(release.app, service.name);
  dropAlone(draft);
  const owners = draft.of(release.app, owner.name);
  for (const replica of own()) follow(draft, replica, owners);
  retireOthers(draft, own(), { digest, slots: owners });
  const open = owners.filter(({ digest: made, phase: now }) => made === ownerDigest && now !== 'draining');
  const beside = (one: Replica): readonly Replica[] => own().filter((replica) => replica.beside === one.id);
  const due = open.filter((one) => beside(one).every((replica) => replica.digest !== digest));
  if (due.length === 0 || phase === 'paused') return;
  const unmet = unmetDependency(draft, release, withoutOwner(service));
  if (unmet !== undefined) {
    draft.wait({ app: release.app, service: service.name, what: unmet });
    return;
  }
  const { update, rollback } = service.deploy;
  const { parallelism, delayMs } = phase === 'rolling-back' || phase === 'failed' ? rollback : update;
  const fresh = own().filter((replica) => replica.digest === digest && replica.release === release.number);
  let budget =
    (parallelism === 0 ? Number.POSITIVE_INFINITY : parallelism) -
    fresh.filter((replica) => !draft.healthy(replica)).length -
    due.filter((one) => beside(one).length === 0 && one.release !== release.number).length;
  const pauseUntil = Math.max(0, ...fresh.map(({ since }) => since)) + delayMs;
  for (const one of due) {
    const outdated = beside(one);
    if (outdated.length === 0) draft.addBeside(one, release, service);
    else if (draft.now < pauseUntil) draft.wakeNoLaterThan(pauseUntil);
    else if (budget > 0) {
      for (const replica of outdated) draft.drop(replica);
      budget -= 1;
    }
  }
}

/** Serves once it is well, and no longer than its owner. */
function follow(draft: Draft, replica: Replica, owners: readonly Replica[]): void {
  const owner = owners.find(({ id }) => id === replica.beside);
  if (owner === undefined) return;
  if (owner.phase === 'draining') draft.shift(replica, 'draining');
  else if (replica.phase === 'draining' || (replica.phase === 'starting' && draft.healthy(replica)))
    draft.shift(replica, 'serving');
}

/** Replicas from before the service shared a network go once others stand in their slots. */
function retireOthers(
  draft: Draft,
  own: readonly Replica[],
  { digest, slots }: { readonly digest: string; readonly slots: readonly Replica[] },
): void {
  const before = own.filter(({ beside }) => beside === undefined);
  const ready = own.filter((replica) => replica.digest === digest && draft.healthy(replica));
  if (ready.length < slots.length) return;
  for (const replica of before) draft.drop(replica);
}

/** Its owner is there when it is placed; the machine starts one after the other. */
const withoutOwner = (service: ServiceModel): ServiceModel => ({
  ...service,
  dependsOn: service.dependsOn.filter(
    ({ service: name, condition }) => name !== service.networkOf || condition !== 'started',
  ),
});
