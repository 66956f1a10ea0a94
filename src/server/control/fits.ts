import { BallastError } from '#base/errors.ts';
import type { Problem } from '#base/result.ts';
import { ingressClashes } from '#plan/ingress.ts';
import type { Plan, Policy, Release, Waiting } from '#plan/model.ts';
import { portClashes } from '#plan/ports.ts';
import { addressClashes } from '#plan/subnets.ts';
import { settle } from '#server/simulate.ts';
import type { Origins } from '#spec/model.ts';
import type { Control } from './context.ts';

export interface Trial {
  /** Where the fleet would come to rest. */
  readonly plan: Plan;
  /** What of the app would never find its place. */
  readonly problems: readonly Problem[];
}

/** Plays a policy through to its end on machines that obey, and tells what of a release has no place there. */
export function tryOut(control: Control, policy: Policy, release: Release): Trial {
  const { state, inventory, nextPlan } = control;
  const settled = settle({ policy, inventory: inventory(), plan: state.plan, now: state.now() }, nextPlan);
  const own = settled.plan.waiting.filter(({ app }) => app === release.app);
  // A service that waits for another which finds no place is no problem of its own.
  const causes = own.filter(({ what }) => !what.startsWith('waits for '));
  const waiting = causes.length > 0 ? causes : own;
  const problems = [
    ...portClashes(policy, state.plan, release),
    ...ingressClashes(policy, state.plan, release),
    ...addressClashes(policy, release, inventory()),
    ...homeless(waiting, release),
  ];
  return { plan: settled.plan, problems: problems.toSorted(byLine) };
}

const byLine = (a: Problem, b: Problem): number => (a.at?.line ?? 0) - (b.at?.line ?? 0);

/** Replicas that find no place for the same reason are one problem. */
function homeless(waiting: readonly Waiting[], { model, origins }: Release): readonly Problem[] {
  const alike = new Map<string, Waiting[]>();
  for (const one of waiting) {
    const key = `${one.service}: ${one.what}`;
    alike.set(key, [...(alike.get(key) ?? []), one]);
  }
  return [...alike.values()].map((group): Problem => {
    const [{ service, what } = { service: '', what: '' }] = group;
    const at = placeOf(service, origins);
    const wanted = model.services[service]?.deploy.replicas ?? 1;
    const which = wanted > 1 ? `${group.length} of ${wanted} replicas of ${service} find no place` : service;
    return {
      code: 'does-not-fit',
      what: `${which}: ${what}`,
      fix: adviceFor(what),
      ...(at ? { at } : {}),
    };
  });
}

function adviceFor(what: string): string {
  if (what.startsWith('needs')) {
    return 'lower its reservations or replicas, free room with `ballast rm`, or add a machine: `ballast machine add`';
  }
  if (what.includes('container addresses are taken')) {
    return 'add a machine: each has addresses of its own (`ballast machine add`); or remove replicas';
  }
  if (what.startsWith('no virtual address')) {
    return 'remove apps that are not needed (`ballast rm`): the range cannot change while apps live by it';
  }
  return what.startsWith('no machine is online')
    ? 'see what became of them: `ballast machine ls`; or add one: `ballast machine add`'
    : 'loosen what it asks of machines, or add one that it may use: `ballast machine add`';
}

function placeOf(service: string, origins: Origins): Problem['at'] {
  const near = ['deploy.resources.reservations', 'deploy.placement', 'deploy'];
  const path = near.find((key) => origins[`services.${service}.${key}`]);
  return origins[`services.${service}${path === undefined ? '' : `.${path}`}`];
}

export function doesNotFit(app: string, problems: readonly Problem[]): BallastError {
  return new BallastError('does-not-fit', `${app} does not fit the fleet; nothing was changed`, { problems });
}
