import { setImmediate as nextTurn } from 'node:timers/promises';
import type { AppState, Inventory, Plan } from '#plan/model.ts';
import type { PlanInput, PlanOutcome } from '#plan/next.ts';
import type { Log } from '#server/log.ts';
import type { FleetState, NewEvent } from '#server/state.ts';
import { losses } from './losses.ts';

export type NextPlan = (input: PlanInput) => PlanOutcome;

export interface PlannerOptions {
  readonly state: FleetState;
  readonly inventory: () => Inventory;
  readonly nextPlan: NextPlan;
  readonly log: Log;
  /** Called when plan or machines may have changed: hands out manifests and clears up. */
  readonly carryOut: () => Promise<void>;
}

/** Plans in a row without a pause; more of them means that they do not settle. */
const burstMax = 1_000;
const retryMs = 1_000;

/**
 * Makes the next plan whenever anything changed, one at a time and at its own pace: what changed meanwhile counts as
 * one change. Ends when the signal aborts.
 */
export async function runPlanner(options: PlannerOptions, signal: AbortSignal): Promise<void> {
  const { state, log } = options;
  let burst = 0;
  while (!signal.aborted) {
    const seen = state.changes.version();
    let wakeAt: number | null;
    try {
      const step = await makePlan(options);
      await options.carryOut();
      burst = step.made ? burst + 1 : 0;
      if (step.made && burst < burstMax) {
        await nextTurn();
        continue;
      }
      wakeAt = step.wakeAt;
      if (burst >= burstMax) {
        log.warn('plans do not settle', { plan: state.plan.number, burst });
        burst = 0;
        wakeAt = state.now() + retryMs;
      }
    } catch (cause) {
      if (signal.aborted) return;
      log.error('no plan could be made', cause, { plan: state.plan.number });
      wakeAt = state.now() + retryMs;
    }
    await state.changes.after(seen, signal, wakeAt);
  }
}

/** One step: asks for the next plan and makes it the current one. */
async function makePlan(
  options: PlannerOptions,
): Promise<{ readonly made: boolean; readonly wakeAt: number | null }> {
  const { state } = options;
  return await state.exclusive(async () => {
    const outcome = options.nextPlan({
      policy: state.policy,
      inventory: options.inventory(),
      parent: state.plan,
      now: state.now(),
    });
    if (outcome.plan === null) return { made: false, wakeAt: outcome.wakeAt };
    await state.adopt(outcome.plan, transitions(state.plan, outcome.plan));
    return { made: true, wakeAt: outcome.wakeAt };
  });
}

/** What people should hear of a new plan: rollouts that began, ended or turned. */
export function transitions(before: Plan, after: Plan): readonly NewEvent[] {
  const names = new Set([...Object.keys(before.apps), ...Object.keys(after.apps)]);
  const apps = [...names].sort().flatMap((app) => {
    const event = transition(app, before.apps[app], after.apps[app]);
    return event === undefined ? [] : [event];
  });
  return [...losses(before, after), ...apps];
}

function transition(
  app: string,
  before: AppState | undefined,
  after: AppState | undefined,
): NewEvent | undefined {
  if (after === undefined) return { kind: 'app-removed', app, what: `${app} is gone` };
  if (before?.phase === after.phase && before.target === after.target) return undefined;
  const release = after.target ?? 0;
  const { failure } = after;
  switch (after.phase) {
    case 'rolling':
      return { kind: 'rollout-started', app, what: `release ${release} of ${app} is being rolled out` };
    case 'rolling-back':
      return {
        kind: 'rollout-failed',
        app,
        ...(failure ? { subject: failure.replica, machine: failure.machine } : {}),
        what: `release ${failure?.release ?? after.wanted ?? 0} of ${app} failed${failure ? `: ${failure.what}` : ''}; going back to release ${release}`,
      };
    case 'steady':
      if (after.target === after.wanted) {
        return { kind: 'rollout-healthy', app, what: `release ${release} of ${app} is healthy` };
      }
      return { kind: 'rolled-back', app, what: `${app} is back at release ${release}` };
    case 'failed':
    case 'paused':
      return {
        kind: 'rollout-failed',
        app,
        ...(failure ? { subject: failure.replica, machine: failure.machine } : {}),
        what: `release ${failure?.release ?? release} of ${app} ${after.phase === 'paused' ? 'is paused' : 'failed'}${failure ? `: ${failure.what}` : ''}`,
      };
    case 'removing':
      return { kind: 'removal-started', app, what: `${app} is being removed` };
  }
}
