import type { Draft } from '#plan/draft.ts';
import type { Release } from '#plan/model.ts';
import { satisfies } from '#plan/schedule/place.ts';
import type { ServiceModel } from '#spec/model.ts';
import { goesLast } from './relocate.ts';

/** A place for one replica: `1..replicas`, or with `mode: global` one per machine that the constraints allow. */
export interface Slot {
  readonly slot: number;
  readonly machine?: string;
}

export function wantedSlots(draft: Draft, release: Release, service: ServiceModel): readonly Slot[] {
  const owner = release.model.services[service.networkOf ?? ''];
  if (owner !== undefined) return wantedSlots(draft, release, owner);
  if (service.deploy.mode !== 'global') {
    return Array.from({ length: service.deploy.replicas }, (_, index) => ({ slot: index + 1 }));
  }
  const allowed = draft
    .rooms()
    .filter((room) => service.deploy.constraints.every((constraint) => satisfies(constraint, room)))
    .map(({ machine }) => ({ slot: machine.index, machine: machine.name }));
  const open = new Set(allowed.map(({ machine }) => machine));
  const kept = draft
    .of(release.app, service.name)
    .filter(({ machine }) => !open.has(machine) && keeps(draft, machine))
    .map(({ slot, machine }) => ({ slot, machine }));
  return [...allowed, ...kept];
}

/** Whether a machine that takes no new replica keeps the one it has. */
function keeps(draft: Draft, name: string): boolean {
  const machine = draft.policy.machines[name];
  if (machine === undefined) return false;
  // One that is offline may well be running it.
  if (!draft.inventory.machines[name]?.connected) return true;
  return machine.draining ? goesLast(draft, name) : !machine.schedulable;
}
