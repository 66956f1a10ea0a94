import { serviceDigest } from '#plan/digest.ts';
import type { Draft } from '#plan/draft.ts';
import type { AppState, Release, Replica } from '#plan/model.ts';
import type { ServiceModel, UpdateModel } from '#spec/model.ts';
import { isReady, stepCompanion } from './companion.ts';
import { unmetDependency } from './dependencies.ts';
import { relocate } from './relocate.ts';
import { type Slot, wantedSlots } from './slots.ts';
import { stopFirst } from './stop-first.ts';

/** How long a draining replica may wait for machines that do not confirm they stopped sending it traffic. */
const drainTimeoutMs = 30_000;

/**
 * Takes one service the next safe step towards a release. Nothing is remembered between calls: what the replicas
 * are and how they report says how far the rollout is.
 */
export function stepService(
  draft: Draft,
  release: Release,
  service: ServiceModel,
  phase: AppState['phase'],
): void {
  if (service.networkMode === 'service') return stepCompanion(draft, release, service, phase);
  const frozen = phase === 'paused';
  const digest = serviceDigest(release, service);
  const current = (replica: Replica) => replica.digest === digest;
  const own = () => draft.of(release.app, service.name);
  const slots = wantedSlots(draft, release, service);

  dropDrained(draft, own());
  promote(draft, own(), slots, { current, ready: (replica) => isReady(draft, release, replica) });
  retire(draft, own(), slots, current);
  if (!fill(draft, release, service, slots, frozen)) return;
  const { update, rollback } = service.deploy;
  const pace = phase === 'rolling-back' || phase === 'failed' ? rollback : update;
  relocate(draft, own().filter(current), { release, service, pace });
  if (!frozen) replaceOutdated(draft, release, service, { own: own(), current, pace });
}

/** Replicas of services that the release does not know go, traffic first. */
export function retireAll(draft: Draft, replicas: readonly Replica[]): void {
  dropDrained(draft, replicas);
  for (const replica of replicas) draft.shift(replica, 'draining');
}

/** A draining replica goes once every connected machine holds a plan that gives it no traffic. */
function dropDrained(draft: Draft, replicas: readonly Replica[]): void {
  for (const replica of replicas.filter(({ phase }) => phase === 'draining')) {
    const behind = Object.values(draft.inventory.machines).some(
      (machine) =>
        machine.connected && machine.machine in draft.policy.machines && machine.converged < replica.plan,
    );
    const deadline = replica.since + drainTimeoutMs;
    if (behind && draft.now < deadline) draft.wakeNoLaterThan(deadline);
    else draft.drop(replica);
  }
}

/** A healthy new replica gets traffic. One that is wanted again after all stops draining. */
function promote(
  draft: Draft,
  replicas: readonly Replica[],
  slots: readonly Slot[],
  { current, ready }: Record<'current' | 'ready', (replica: Replica) => boolean>,
): void {
  const wanted = new Set(slots.map(({ slot }) => slot));
  const makes = replicas.filter((replica) => current(replica) && wanted.has(replica.slot));
  for (const replica of makes) {
    if (replica.phase === 'starting' && ready(replica)) draft.shift(replica, 'serving');
    const alone = makes.every(({ slot, id }) => slot !== replica.slot || id === replica.id);
    if (replica.phase === 'draining' && alone && !draft.isMisplaced(replica)) draft.shift(replica, 'serving');
  }
}

/** What a serving replica has replaced, and slots beyond the wanted number, get no new traffic and go. */
function retire(
  draft: Draft,
  replicas: readonly Replica[],
  slots: readonly Slot[],
  current: (replica: Replica) => boolean,
): void {
  const wanted = new Set(slots.map(({ slot }) => slot));
  const good = replicas.filter(
    (replica) => replica.phase === 'serving' && current(replica) && !draft.isMisplaced(replica),
  );
  const isHome = (replica: Replica): boolean => draft.returnOf(replica) === replica.machine;
  const keepers = new Map([...good.filter(isHome), ...good].toReversed().map(({ slot, id }) => [slot, id]));
  for (const replica of replicas) {
    const keeper = keepers.get(replica.slot);
    const comes = replica.phase === 'starting' && current(replica) && isHome(replica);
    const surplus = !wanted.has(replica.slot) || (keeper !== undefined && keeper !== replica.id && !comes);
    if (!surplus) continue;
    // A new replica that never served has no traffic to lose.
    if (replica.phase === 'starting') draft.drop(replica);
    else draft.shift(replica, 'draining');
  }
}

/** Fills empty slots at once. False: something must come first, so nothing else is touched either. */
function fill(
  draft: Draft,
  release: Release,
  service: ServiceModel,
  slots: readonly Slot[],
  frozen: boolean,
): boolean {
  const own = draft.of(release.app, service.name);
  const filled = new Set(own.filter(({ phase }) => phase !== 'draining').map(({ slot }) => slot));
  // A slot that drains with its successor not yet placed is empty only when the old one is gone.
  const draining = new Set(own.filter(({ phase }) => phase === 'draining').map(({ slot }) => slot));
  const empty = slots.filter(({ slot }) => !filled.has(slot) && !draining.has(slot));
  const outdated = own.some((replica) => replica.digest !== serviceDigest(release, service));
  if (empty.length === 0 && !outdated) return true;
  const unmet = unmetDependency(draft, release, service);
  if (unmet !== undefined) {
    draft.wait({ app: release.app, service: service.name, what: unmet });
    return false;
  }
  // While nobody serves, waiting for health before sending traffic would protect no one.
  const nobodyServes = !own.some(({ phase }) => phase === 'serving');
  if (frozen && outdated) return true;
  for (const { slot, machine } of empty) {
    draft.add(release, service, slot, nobodyServes ? 'serving' : 'starting', machine);
  }
  return true;
}

/** Replaces as many outdated replicas as `update_config`, or `rollback_config`, allows at once. */
function replaceOutdated(
  draft: Draft,
  release: Release,
  service: ServiceModel,
  {
    own,
    current,
    pace,
  }: {
    readonly own: readonly Replica[];
    readonly current: (replica: Replica) => boolean;
    readonly pace: UpdateModel;
  },
): void {
  const { parallelism, delayMs, order } = pace;
  const outdated = own.filter((replica) => !current(replica));
  const successors = own.filter((replica) => current(replica) && replica.release === release.number);
  const takenOver = new Set(successors.map(({ slot }) => slot));
  const next = outdated.filter(({ slot, phase }) => phase !== 'draining' && !takenOver.has(slot));
  if (next.length === 0) return;
  const inFlight =
    successors.filter((replica) => !isReady(draft, release, replica)).length +
    outdated.filter(({ slot, phase }) => phase === 'draining' && !takenOver.has(slot)).length;
  const budget = (parallelism === 0 ? Number.POSITIVE_INFINITY : parallelism) - inFlight;
  const lastDone = Math.max(0, ...successors.map(({ since }) => since));
  if (budget <= 0) return;
  if (draft.now < lastDone + delayMs) {
    draft.wakeNoLaterThan(lastDone + delayMs);
    return;
  }
  for (const replica of next.slice(0, budget)) {
    const machine = service.deploy.mode === 'global' ? replica.machine : undefined;
    if (order === 'start-first' && draft.add(release, service, replica.slot, 'starting', machine)) continue;
    stopFirst(draft, replica, own);
  }
}
