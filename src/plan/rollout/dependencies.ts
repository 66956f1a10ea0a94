import { serviceDigest } from '#plan/digest.ts';
import type { Draft } from '#plan/draft.ts';
import type { Release } from '#plan/model.ts';
import type { DependencyModel, ServiceModel } from '#spec/model.ts';

/** The services of a release, those that others depend on first. Cycles were refused when the file was read. */
export function inDependencyOrder(release: Release): readonly ServiceModel[] {
  const { services } = release.model;
  const ordered: ServiceModel[] = [];
  const seen = new Set<string>();
  const visit = (name: string): void => {
    const service = services[name];
    if (!service || seen.has(name)) return;
    seen.add(name);
    for (const dependency of service.dependsOn) visit(dependency.service);
    ordered.push(service);
  };
  for (const name of Object.keys(services).sort()) visit(name);
  return ordered;
}

/** What a service still waits for before its replicas may start, in words; undefined when nothing. */
export function unmetDependency(draft: Draft, release: Release, service: ServiceModel): string | undefined {
  const unmet = service.dependsOn.find((dependency) => !met(draft, release, dependency));
  if (!unmet) return undefined;
  const state = { started: 'to start', healthy: 'to be healthy', completed: 'to complete' }[unmet.condition];
  return `waits for ${unmet.service} ${state}`;
}

function met(
  draft: Draft,
  release: Release,
  { service: name, condition, required }: DependencyModel,
): boolean {
  const service = release.model.services[name];
  if (!service) return !required;
  const digest = serviceDigest(release, service);
  const current = draft.of(release.app, name).filter((replica) => replica.digest === digest);
  if (service.deploy.mode !== 'global' && service.deploy.replicas === 0) return true;
  if (current.length === 0) return false;
  const states = current.map((replica) => draft.report(replica)?.state);
  switch (condition) {
    case 'started':
      return states.every((state) => state !== undefined && state !== 'stopped');
    case 'healthy':
      return states.every((state) => state === 'running');
    case 'completed':
      return states.every((state) => state === 'completed');
  }
}
