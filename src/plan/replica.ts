import type { ServiceModel } from '#spec/model.ts';
import { serviceDigest } from './digest.ts';
import type { Release, Replica } from './model.ts';

/** Where a new replica is to be, and as what. */
export type Where = Pick<Replica, 'slot' | 'phase' | 'machine' | 'address' | 'beside' | 'reason'>;

/** A replica of a release, made in a plan; `taken` are ids that others have, or may still have somewhere. */
export function newReplica(
  release: Release,
  service: ServiceModel,
  { taken, ...made }: Where & Pick<Replica, 'since' | 'plan'> & { readonly taken: ReadonlySet<string> },
): Replica {
  const wanted = `${release.app}-${service.name}-${made.slot}-r${release.number}`;
  let id = wanted;
  for (let move = 2; taken.has(id); move += 1) id = `${wanted}-${move}`;
  return {
    id,
    app: release.app,
    service: service.name,
    release: release.number,
    digest: serviceDigest(release, service),
    ...made,
  };
}
