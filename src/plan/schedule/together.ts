import type { Release, Replica } from '#plan/model.ts';
import type { ServiceModel } from '#spec/model.ts';

/** Services whose replicas stand beside those of this one and share their network. */
export const companionsOf = (release: Release, service: string): readonly ServiceModel[] =>
  Object.values(release.model.services).filter(({ networkOf }) => networkOf === service);

/** A service as placement has to see it: what stands beside each of its replicas needs room on the same machine. */
export function together(release: Release, service: ServiceModel): ServiceModel {
  const all = [service, ...companionsOf(release, service.name)];
  if (all.length === 1) return service;
  return {
    ...service,
    mounts: all.flatMap(({ mounts }) => mounts),
    deploy: {
      ...service.deploy,
      reservations: {
        ...service.deploy.reservations,
        cpus: sum(all.map(({ deploy }) => deploy.reservations.cpus)),
        memoryBytes: sum(all.map(({ deploy }) => deploy.reservations.memoryBytes)),
      },
      constraints: all.flatMap(({ deploy }) => deploy.constraints),
    },
  };
}

const sum = (amounts: readonly (number | undefined)[]): number =>
  amounts.reduce<number>((total, amount = 0) => total + amount, 0);

/** Services of a replica's release that are to stand beside it and do not yet, among all replicas there are. */
export function missingBeside(
  release: Release | undefined,
  replica: Replica,
  replicas: readonly Replica[],
): readonly ServiceModel[] {
  if (release === undefined) return [];
  return companionsOf(release, replica.service).filter(
    ({ name }) => !replicas.some((one) => one.beside === replica.id && one.service === name),
  );
}
