import { BallastError } from '#base/errors.ts';
import type { Problem } from '#base/result.ts';
import type { Plan, Policy } from '#plan/model.ts';
import { settle } from '#server/simulate.ts';
import type { Origins } from '#spec/model.ts';
import type { Control } from './context.ts';

export interface Trial {
  /** Where the fleet would come to rest. */
  readonly plan: Plan;
  /** What of the app would never find its place. */
  readonly problems: readonly Problem[];
}

/** Plays a policy through to its end on machines that obey, and tells what of the app has no place there. */
export function tryOut(
  control: Control,
  policy: Policy,
  { app, origins }: { app: string; origins: Origins },
): Trial {
  const { state, inventory, nextPlan } = control;
  const settled = settle({ policy, inventory: inventory(), plan: state.plan, now: state.now() }, nextPlan);
  const problems = settled.plan.waiting
    .filter((waiting) => waiting.app === app)
    .map((waiting): Problem => {
      const at = origins[`services.${waiting.service}.deploy`] ?? origins[`services.${waiting.service}`];
      return {
        code: 'does-not-fit',
        what: `${waiting.service}: ${waiting.what}`,
        fix: 'lower its reservations or replicas, loosen its constraints, or add a machine',
        ...(at ? { at } : {}),
      };
    });
  return { plan: settled.plan, problems };
}

export function doesNotFit(app: string, problems: readonly Problem[]): BallastError {
  return new BallastError('does-not-fit', `${app} does not fit the fleet; nothing was changed`, { problems });
}
