import type { Inventory, Policy, Replica } from '#plan/model.ts';
import type { ServiceModel } from '#spec/model.ts';

const modelOf = (policy: Policy, { app, service, release }: Replica): ServiceModel | undefined =>
  policy.apps[app]?.releases[release]?.model.services[service];

/** One container per machine: it goes with its machine instead of moving. */
export const isGlobal = (service: ServiceModel | undefined): boolean =>
  service?.deploy.mode.startsWith('global') ?? false;

/** Whether a replica has done what it was there for: nothing of it runs, and elsewhere it would run again. */
export const hasEnded = (inventory: Inventory, { machine, id }: Replica): boolean =>
  inventory.machines[machine]?.replicas[id]?.state === 'completed';

/** Replicas on a machine that are to move before its global ones stop. */
export function movable(
  { policy, inventory }: { readonly policy: Policy; readonly inventory: Inventory },
  replicas: readonly Replica[],
  machine: string,
): readonly Replica[] {
  return replicas.filter(
    (replica) =>
      replica.machine === machine && !isGlobal(modelOf(policy, replica)) && !hasEnded(inventory, replica),
  );
}
