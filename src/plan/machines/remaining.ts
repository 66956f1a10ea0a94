import type { Inventory, Plan, Policy, Replica } from '#plan/model.ts';
import { together } from '#plan/schedule/together.ts';
import { pinningVolumes } from '#plan/volumes.ts';
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
/** What a machine that is being drained still has: replicas of a plan that have not ended. */
export function remaining(plan: Plan, inventory: Inventory, machine: string): readonly Replica[] {
  return Object.values(plan.replicas).filter(
    (replica) => replica.machine === machine && !hasEnded(inventory, replica),
  );
}

/** Whether a replica cannot leave its machine: a volume there holds it, or it belongs to the machine. */
export function staysAlways(policy: Policy, plan: Plan, replica: Replica): boolean {
  const release = policy.apps[replica.app]?.releases[replica.release];
  const service = release?.model.services[replica.service];
  if (release === undefined || service === undefined) return false;
  const home = (volume: string) => plan.volumes[`${replica.app}/${volume}`];
  // What shares a network stays and goes with the service that it belongs to.
  const owner = release.model.services[service.networkOf ?? service.name] ?? service;
  return (
    isGlobal(owner) ||
    pinningVolumes(release, together(release, owner)).some((volume) => home(volume) === replica.machine)
  );
}
