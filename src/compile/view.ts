import { must } from '#base/assert.ts';
import { serviceOf } from '#plan/digest.ts';
import type { Plan, Policy, Release, Replica } from '#plan/model.ts';
import type { ServiceModel } from '#spec/model.ts';

/** A replica together with what it was made from. */
export interface Placed {
  readonly replica: Replica;
  readonly release: Release;
  readonly service: ServiceModel;
}

/**
 * Every replica of a plan with its release. What steers the containers comes from the release that made them; how
 * the service is reached may have changed since without a new container, and comes from the newest equal one.
 */
export function placedReplicas(policy: Policy, plan: Plan): readonly Placed[] {
  return Object.values(plan.replicas)
    .map((replica) => {
      const releases = policy.apps[replica.app]?.releases ?? {};
      const release = must(releases[replica.release], `release ${replica.release} of ${replica.app}`);
      return { replica, release, service: serviceOf(release, replica.service) };
    })
    .sort((a, b) => (a.replica.id < b.replica.id ? -1 : 1));
}

/** Replicas that are to get new connections. */
export const serving = (placed: readonly Placed[]): readonly Placed[] =>
  placed.filter(({ replica }) => replica.phase === 'serving');

/** A service with all its serving replicas, in the model of its newest release. */
export interface ServedService {
  readonly app: string;
  readonly service: ServiceModel;
  readonly release: Release;
  readonly replicas: readonly Replica[];
}

export function servedServices(placed: readonly Placed[]): readonly ServedService[] {
  const groups = new Map<string, Placed[]>();
  for (const one of serving(placed)) {
    const key = `${one.replica.app}/${one.replica.service}`;
    groups.set(key, [...(groups.get(key) ?? []), one]);
  }
  return [...groups.entries()]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, group]) => {
      const newest = must(
        group.toSorted((a, b) => b.release.number - a.release.number)[0],
        'a replica of the group',
      );
      return {
        app: newest.replica.app,
        service: newest.service,
        release: newest.release,
        replicas: group.map(({ replica }) => replica),
      };
    });
}
