import type { Plan, Policy, Release } from '#plan/model.ts';
import { pinningVolumes } from '#plan/volumes.ts';
import type { OnLoss } from '#spec/model.ts';

/** The most careful first: when two services say different things of one volume. */
const careful: readonly OnLoss[] = ['wait', 'restore', 'recreate'];

/** What is to become of a volume whose machine is lost: what it says itself, else what its services say. */
export function onLossOf({ model }: Release, volume: string): OnLoss {
  const own = model.volumes[volume]?.onLoss;
  if (own !== undefined) return own;
  const users = Object.values(model.services).filter(({ mounts }) =>
    mounts.some((mount) => mount.kind === 'volume' && mount.volume === volume),
  );
  const said = new Set(users.map(({ onLoss = 'wait' }) => onLoss));
  return careful.find((each) => said.has(each)) ?? 'wait';
}

/** Why a service waits for a volume that is lost with its machine, and what a person can do. */
export function whyItWaits(
  volume: string,
  machine: string,
  { onLoss, gone }: { readonly onLoss: OnLoss /** The machine is no more. */; readonly gone: boolean },
): string {
  const where = gone
    ? `volume ${volume} went with ${machine}`
    : `volume ${volume} lives on ${machine}, which is away`;
  const restore = onLoss === 'restore' ? ' and there is no backup that could be restored by itself' : '';
  return gone
    ? `${where}${restore}; to begin with an empty one deploy it with x-ballast: { on_loss: recreate }`
    : `${where}${restore}; bring it back, or give its data up: ballast machine replace ${machine} --force ${machine}`;
}
/** Volumes on a machine whose data must not be lost without a person's word: `app/volume`. */
export function keptVolumes(policy: Policy, plan: Plan, machine: string): readonly string[] {
  return Object.keys(plan.volumes)
    .filter((key) => plan.volumes[key] === machine)
    .filter((key) => {
      const [app = '', volume = ''] = key.split('/');
      const wish = policy.apps[app];
      const target = plan.apps[app]?.target ?? wish?.wanted;
      const release = target === undefined || target === null ? undefined : wish?.releases[target];
      // The data of an app that is gone is nobody's to give up.
      return (
        release === undefined || !usesVolume(release, volume) || onLossOf(release, volume) !== 'recreate'
      );
    });
}

const usesVolume = (release: Release, volume: string): boolean =>
  Object.values(release.model.services).some((service) => pinningVolumes(release, service).includes(volume));
