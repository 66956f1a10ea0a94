import type { Release, Replica } from '#plan/model.ts';
import type { AppModel, ServiceModel } from '#spec/model.ts';

/** Services whose replicas stand beside those of this one and share their network. */
export const companionsOf = ({ model }: Release, service: string): readonly ServiceModel[] =>
  byOwner(model).get(service) ?? none;

const none: readonly ServiceModel[] = [];

/** It is asked for every replica again and again: a memory of a pure function, gone with the model. */
const memory = new WeakMap<AppModel, ReadonlyMap<string, readonly ServiceModel[]>>();

function byOwner(model: AppModel): ReadonlyMap<string, readonly ServiceModel[]> {
  const known = memory.get(model);
  if (known !== undefined) return known;
  const sharing = Object.values(model.services).filter(({ networkOf }) => networkOf !== undefined);
  const made = Map.groupBy(sharing, ({ networkOf = '' }) => networkOf);
  memory.set(model, made);
  return made;
}

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
