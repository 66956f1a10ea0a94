import type { Inventory, MachineRecord, Plan, Policy } from '#plan/model.ts';
import { isMade } from '#spec/fleet-model.ts';
import { keptVolumes } from './on-loss.ts';
import { poolOf } from './pool.ts';
import { remaining, staysAlways } from './remaining.ts';

/** What is to be done about a lost machine. */
export type Replacement =
  /** Nobody asked for another one, or it is not lost. */
  | { readonly kind: 'none' }
  | { readonly kind: 'due'; readonly lostSince: number }
  /** It has what no other has, so a person must say so. */
  | { readonly kind: 'kept'; readonly why: string };

export interface ReplacementInput {
  readonly policy: Policy;
  readonly plan: Plan;
  /** The machine that keeps the fleet's images. */
  readonly registry: string | undefined;
}

/** Whether a machine is to be replaced by itself: lost, of a pool that says so, and without data of its own. */
export function replacementOf(
  { policy, plan, registry }: ReplacementInput,
  machine: MachineRecord,
): Replacement {
  const { name, index, provider } = machine;
  const state = plan.machines?.[name];
  const asked = poolOf(policy.fleet, name)?.replaceAfterMs !== undefined && isMade(provider);
  if (!asked || state?.lostSince === undefined || state.index !== index) return { kind: 'none' };
  const kept = keptVolumes(policy, plan, name);
  if (kept.length > 0) return { kind: 'kept', why: `it holds the data of ${kept.join(', ')}` };
  if (registry === name) return { kind: 'kept', why: 'it keeps the images of all releases' };
  return { kind: 'due', lostSince: state.lostSince };
}

/** Whether nothing is left on a machine that is being drained. By force what its volumes hold there does not count. */
export function isDrained(
  {
    policy,
    plan,
    inventory,
  }: { readonly policy: Policy; readonly plan: Plan; readonly inventory: Inventory },
  { name, draining }: MachineRecord,
): boolean {
  if (draining === undefined) return false;
  const left = remaining(plan, inventory, name).filter(
    (replica) => !(draining.force && staysAlways(policy, plan, replica)),
  );
  const report = inventory.machines[name];
  // What has left the plan may still be about to stop there.
  const stopping = Object.values((report?.connected && report.replicas) || {}).filter(
    ({ id, state }) => state !== 'completed' && !(id in plan.replicas),
  );
  return left.length === 0 && stopping.length === 0;
}
