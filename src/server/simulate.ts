import type { Inventory, MachineReport, Plan, Policy, ReplicaReport } from '#plan/model.ts';
import type { ServiceModel } from '#spec/model.ts';
import type { NextPlan } from './loops/planner.ts';

/** Steps after which a rollout counts as one that never ends. */
const stepsMax = 5_000;

export interface Settled {
  readonly plan: Plan;
  /** False when it was still going on after the last step looked at. */
  readonly complete: boolean;
}

/**
 * The plan at which a policy comes to rest when every machine that was ever heard of is there, obeys at once and
 * every replica is healthy. Pure: nothing is stored and nothing is waited for.
 */
export function settle(
  { policy, inventory, plan, now }: { policy: Policy; inventory: Inventory; plan: Plan; now: number },
  nextPlan: NextPlan,
): Settled {
  let current = plan;
  let time = now;
  for (let step = 0; step < stepsMax; step += 1) {
    const outcome = nextPlan({
      policy,
      inventory: obeying({ policy, inventory, plan: current }),
      parent: current,
      now: time,
    });
    if (outcome.plan !== null) current = outcome.plan;
    else if (outcome.wakeAt !== null && outcome.wakeAt > time) time = outcome.wakeAt;
    else return { plan: current, complete: true };
  }
  return { plan: current, complete: false };
}

/** Whether a service ends by itself: it is a job, is never started again, or others wait for its end. */
function isOneOff(services: Readonly<Record<string, ServiceModel>>, name: string): boolean {
  const service = services[name];
  if (!service) return false;
  return (
    service.deploy.mode.endsWith('-job') ||
    service.restart.condition === 'none' ||
    Object.values(services).some(({ dependsOn }) =>
      dependsOn.some((one) => one.service === name && one.condition === 'completed'),
    )
  );
}

function obeying({
  policy,
  inventory,
  plan,
}: {
  policy: Policy;
  inventory: Inventory;
  plan: Plan;
}): Inventory {
  const running = new Map<string, Record<string, ReplicaReport>>();
  for (const replica of Object.values(plan.replicas)) {
    const services = policy.apps[replica.app]?.releases[replica.release]?.model.services ?? {};
    const job = isOneOff(services, replica.service);
    const there = running.get(replica.machine) ?? {};
    there[replica.id] = {
      id: replica.id,
      state: job ? 'completed' : 'running',
      since: replica.since,
      restarts: 0,
      ...(job ? { exitCode: 0 } : {}),
    };
    running.set(replica.machine, there);
  }
  const machines = Object.entries(inventory.machines).map(([name, report]): [string, MachineReport] => [
    name,
    { ...report, connected: true, converged: plan.number, replicas: running.get(name) ?? {}, failures: [] },
  ]);
  return { machines: Object.fromEntries(machines) };
}
