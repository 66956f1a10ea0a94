import type { ServiceModel } from '#spec/model.ts';
import type { Release } from './model.ts';

/** Volumes whose data is on one machine's disk, so that their service must stay there. */
export function pinningVolumes(release: Release, service: ServiceModel): readonly string[] {
  return service.mounts.flatMap((mount) => {
    if (mount.kind !== 'volume') return [];
    const volume = release.model.volumes[mount.volume];
    return volume?.driverOpts['device'] === undefined ? [mount.volume] : [];
  });
}
