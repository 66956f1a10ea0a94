import type { Inventory, Plan, Policy } from './model.ts';

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

/** The next safe step from `parent` towards `policy`, judged by what machines report. Pure: same input, same plan. */
export function nextPlan(_input: PlanInput): PlanOutcome {
  return { plan: null, wakeAt: null };
}
