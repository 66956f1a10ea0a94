import type { Plan, Policy, Release } from '#plan/model.ts';

/** How many of an app's newest releases that differ in their images keep them on the machines that have them. */
const keptMax = 3;

/** What an image is, whatever it is called: its digest, or its whole name where it has none. */
export const imageIdentity = (reference: string): string => reference.slice(reference.indexOf('@') + 1);

/**
 * The images that a machine does not lose when nothing on it runs them: those of all that runs anywhere, and of each
 * app's newest releases, so that a rollback finds them with the registry down too. Sorted, by identity. Pure.
 */
export function keptImages(policy: Policy, plan: Plan): readonly string[] {
  const kept = new Set<string>();
  const keep = (release: Release | undefined): void => {
    for (const image of imagesOf(release)) kept.add(image);
  };
  const running = Map.groupBy(Object.values(plan.replicas), ({ app }) => app);
  for (const [app, own] of running) {
    for (const release of new Set(own.map((one) => one.release))) keep(policy.apps[app]?.releases[release]);
  }
  for (const { name, wanted, releases } of Object.values(policy.apps)) {
    const { target = null, healthy = null } = plan.apps[name] ?? {};
    for (const number of [wanted, target, healthy]) if (number !== null) keep(releases[number]);
    const newest = Object.values(releases).sort((a, b) => b.number - a.number);
    const sets = new Set<string>();
    for (const release of newest) {
      sets.add(imagesOf(release).join());
      // Scaling and restarting make releases too, with the images of the one before.
      if (sets.size > keptMax) break;
      keep(release);
    }
  }
  return [...kept].sort();
}

const imagesOf = (release: Release | undefined): readonly string[] =>
  Object.values(release?.model.services ?? {})
    .flatMap(({ image }) => (image === undefined ? [] : [imageIdentity(image)]))
    .sort();
