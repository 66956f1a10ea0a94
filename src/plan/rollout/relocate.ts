import type { Draft } from '#plan/draft.ts';
import { onLossOf, whyItWaits } from '#plan/machines/on-loss.ts';
import { hasEnded, isGlobal, movable } from '#plan/machines/remaining.ts';
import type { Release, Replica } from '#plan/model.ts';
import { together } from '#plan/schedule/together.ts';
import { pinningVolumes } from '#plan/volumes.ts';
import type { ServiceModel, UpdateModel } from '#spec/model.ts';
import { stopFirst } from './stop-first.ts';

interface Move {
  readonly release: Release;
  readonly service: ServiceModel;
  readonly pace: UpdateModel;
}

/**
 * Moves replicas that are as they should be but where they should not: off machines that are being drained, one by
 * one as the service's updates go, and off lost machines at once. What cannot move stays, and the plan says why.
 */
export function relocate(draft: Draft, own: readonly Replica[], move: Move): void {
  if (isGlobal(move.service)) return;
  const away = own.filter((replica) => replica.phase !== 'draining' && !hasEnded(draft.inventory, replica));
  for (const replica of away.filter(({ machine }) => draft.isLost(machine))) evict(draft, replica, move);
  const leaving = away.filter(({ machine }) => !draft.isLost(machine) && draft.isDraining(machine));
  const moving = leaving.filter((replica) => hasSuccessor(draft, replica));
  const { parallelism } = move.pace;
  const budget = (parallelism === 0 ? Number.POSITIVE_INFINITY : parallelism) - moving.length;
  let begun = 0;
  for (const replica of leaving) {
    if (begun >= budget) return;
    if (!moving.includes(replica) && begin(draft, replica, move)) begun += 1;
  }
  if (begun === 0 && moving.length === 0) giveBack(draft, away, move);
}

/** Gives slots that were taken from a machine to its successor, once that is there, a few at a time. */
function giveBack(draft: Draft, own: readonly Replica[], { release, service, pace }: Move): void {
  const returning = own.filter((replica) => draft.returnOf(replica) === replica.machine);
  let budget = pace.parallelism === 0 ? Number.POSITIVE_INFINITY : pace.parallelism;
  for (const replica of returning) {
    const alone = own.every(({ slot, id }) => slot !== replica.slot || id === replica.id);
    if (alone) draft.notes.forgetReturn(replica.machine, replica);
    else budget -= 1;
  }
  for (const replica of own) {
    const home = draft.returnOf(replica);
    if (home === undefined || own.some(({ slot, machine }) => slot === replica.slot && machine === home))
      continue;
    if (budget <= 0 || !draft.healthy(replica) || replica.phase !== 'serving') continue;
    // Until its baseline is there it would only keep its successor waiting.
    const report = draft.inventory.machines[home];
    if (!report?.connected || report.converged < draft.parent.number) continue;
    const may =
      pace.order === 'start-first' && pinningVolumes(release, together(release, service)).length === 0;
    if (may && draft.addOn(home, release, service, replica.slot)) budget -= 1;
    else draft.notes.forgetReturn(home, replica);
  }
}

/** Another one in its slot that is where it should be. */
const hasSuccessor = (draft: Draft, { app, service, slot, id }: Replica): boolean =>
  draft.of(app, service).some((other) => other.slot === slot && other.id !== id && !draft.isMisplaced(other));

/** Puts a successor elsewhere and forgets the one on the lost machine, which stays on record as a ghost. */
function evict(draft: Draft, replica: Replica, { release, service }: Move): void {
  if (!hasSuccessor(draft, replica)) {
    if (!freeVolumes(draft, replica, { release, service })) return;
    const othersServe = draft
      .of(replica.app, replica.service)
      .some((other) => other.phase === 'serving' && !draft.isLost(other.machine));
    if (!draft.add(release, service, replica.slot, othersServe ? 'starting' : 'serving')) return;
  }
  draft.notes.addMoved(replica);
  draft.drop(replica);
}

/** Whether nothing holds the replica to the lost machine, or its volumes may begin anew elsewhere. */
function freeVolumes(
  draft: Draft,
  { machine, app }: Replica,
  { release, service }: Pick<Move, 'release' | 'service'>,
): boolean {
  const held = pinningVolumes(release, together(release, service)).filter(
    (volume) => draft.homeOf(app, volume) === machine,
  );
  const kept = held.find((volume) => onLossOf(release, volume) !== 'recreate');
  if (kept !== undefined) {
    const what = whyItWaits(kept, machine, { onLoss: onLossOf(release, kept), gone: false });
    draft.wait({ app, service: service.name, what });
    return false;
  }
  for (const volume of held) draft.forgetHome(app, volume);
  return true;
}

/** Takes the first step of a move away from a machine that is being drained. */
function begin(draft: Draft, replica: Replica, { release, service, pace }: Move): boolean {
  const { app, machine, slot } = replica;
  const pinned = pinningVolumes(release, together(release, service)).find(
    (volume) => draft.homeOf(app, volume) === machine,
  );
  if (pinned !== undefined) {
    const what = `${replica.id} stays on ${machine}, which is being drained: volume ${pinned} lives there`;
    draft.wait({ app, service: service.name, what });
    return false;
  }
  if (draft.policy.machines[machine]?.draining?.then === 'replace') draft.notes.addMoved(replica);
  if (pace.order === 'start-first') return draft.add(release, service, slot, 'starting') !== undefined;
  if (!draft.hasPlaceFor(release, service)) return false;
  stopFirst(draft, replica, draft.of(app, service.name));
  return true;
}

/** Whether a machine that is being drained keeps its global replicas for now: they go last. */
export const goesLast = (draft: Draft, machine: string): boolean =>
  movable(draft, draft.replicas, machine).length > 0;
