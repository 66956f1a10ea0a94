import { canonical } from '#base/json.ts';
import { serviceDigest } from './digest.ts';
import { Draft } from './draft.ts';
import type { Inventory, Plan, Policy, Release } from './model.ts';
import { dropAlone } from './rollout/companion.ts';
import { inDependencyOrder } from './rollout/dependencies.ts';
import { retireAll, stepService } from './rollout/service.ts';
import { wantedSlots } from './rollout/slots.ts';
import { begin, conclude, judge } from './rollout/state.ts';

export interface PlanInput {
  readonly policy: Policy;
  readonly inventory: Inventory;
  readonly parent: Plan;
  /** ms since the epoch. */
  readonly now: number;
}

export interface PlanOutcome {
  /** The next plan, or null when there is no safe step to take now. */
  readonly plan: Plan | null;
  /** When time alone may make the next step possible, ms since the epoch; null: only an event can. */
  readonly wakeAt: number | null;
}

/** The plan a new fleet starts from. */
export const genesis: Plan = {
  number: 0,
  parent: null,
  at: 0,
  apps: {},
  replicas: {},
  volumes: {},
  waiting: [],
};

/**
 * The next safe step from `parent` towards `policy`, judged by what machines report. Rollout, rollback, scaling
 * and removal are all successive plans: no progress is kept anywhere but in the plan itself. Pure.
 */
export function nextPlan({ policy, inventory, parent, now }: PlanInput): PlanOutcome {
  const draft = new Draft(policy, inventory, parent, now);
  for (const replica of draft.replicas) {
    const machine = policy.machines[replica.machine];
    if (machine === undefined || machine.leaving !== undefined) draft.drop(replica);
  }
  const names = new Set([...Object.keys(policy.apps), ...Object.keys(parent.apps)]);
  for (const app of [...names].sort()) advance(draft, app);
  dropAlone(draft);
  const plan = draft.finish();
  return { plan: sameContent(plan, parent) ? null : plan, wakeAt: draft.wakeAt };
}

function advance(draft: Draft, app: string): void {
  const wish = draft.policy.apps[app] ?? { name: app, wanted: null, releases: {} };
  const begun = begin(wish, draft.apps.get(app), draft.now);
  const wanted = begun.target === null ? undefined : draft.release(app, begun.target);
  const state = wanted ? judge(draft, wanted, begun) : begun;
  const target = state.target === null ? undefined : draft.release(app, state.target);

  if (target) {
    for (const service of inDependencyOrder(target)) {
      stepService(draft, target, service, state.phase);
    }
    const unknown = draft.of(app).filter(({ service }) => !(service in target.model.services));
    retireAll(draft, unknown);
  } else {
    for (const replica of draft.of(app)) draft.drop(replica);
  }

  if (state.phase === 'removing' && draft.of(app).length === 0) {
    draft.apps.delete(app);
    return;
  }
  draft.apps.set(app, conclude(draft, state, target, target ? settled(draft, target) : true));
}

/** All replicas that the target wants are there, of its make, healthy and serving, and no other is left. */
function settled(draft: Draft, target: Release): boolean {
  const services = Object.values(target.model.services);
  const expected = services.reduce((sum, service) => sum + wantedSlots(draft, target, service).length, 0);
  const replicas = draft.of(target.app);
  if (replicas.length !== expected) return false;
  return replicas.every((replica) => {
    const service = target.model.services[replica.service];
    if (!service || replica.digest !== serviceDigest(target, service)) return false;
    const state = draft.report(replica)?.state;
    return replica.phase === 'serving' && (state === 'running' || state === 'completed');
  });
}

function sameContent(a: Plan, b: Plan): boolean {
  const content = ({
    apps,
    replicas,
    volumes,
    lostVolumes = {},
    services = {},
    machines = {},
    waiting,
  }: Plan) => canonical({ apps, replicas, volumes, lostVolumes, services, machines, waiting });
  return content(a) === content(b);
}
