import { rooms } from '#plan/capacity.ts';
import type { Draft } from '#plan/draft.ts';
import type { Release } from '#plan/model.ts';
import { satisfies } from '#plan/schedule/place.ts';
import type { ServiceModel } from '#spec/model.ts';

/** A place for one replica: `1..replicas`, or with `mode: global` one per machine that the constraints allow. */
export interface Slot {
  readonly slot: number;
  readonly machine?: string;
}

export function wantedSlots(draft: Draft, release: Release, service: ServiceModel): readonly Slot[] {
  if (service.deploy.mode !== 'global') {
    return Array.from({ length: service.deploy.replicas }, (_, index) => ({ slot: index + 1 }));
  }
  const allowed = rooms(draft.policy, draft.inventory, draft.replicas).filter((room) =>
    service.deploy.constraints.every((constraint) => satisfies(constraint, room)),
  );
  // A machine that is offline keeps its replica: it may well be running there.
  const offline = draft
    .of(release.app, service.name)
    .filter(
      ({ machine }) => machine in draft.policy.machines && !draft.inventory.machines[machine]?.connected,
    )
    .map(({ slot, machine }) => ({ slot, machine }));
  return [...allowed.map(({ machine }) => ({ slot: machine.index, machine: machine.name })), ...offline];
}
