import type { ServiceModel } from '#spec/model.ts';
import { onLossOf, whyItWaits } from './machines/on-loss.ts';
import type { Release } from './model.ts';
import { pinningVolumes } from './volumes.ts';

export interface Pin {
  readonly machine: string;
  readonly volume: string;
}

/** The machine on which a volume of the service is, by what each volume's home is known to be. */
export function pinOf(
  release: Release,
  service: ServiceModel,
  homeOf: (volume: string) => string | undefined,
): Pin | undefined {
  return pinsOf(release, service, homeOf)[0];
}

function pinsOf(
  release: Release,
  service: ServiceModel,
  homeOf: (volume: string) => string | undefined,
): readonly Pin[] {
  return pinningVolumes(release, service).flatMap((volume) => {
    const machine = homeOf(volume);
    return machine === undefined ? [] : [{ machine, volume }];
  });
}

/** Why the service can have no place, whatever machines there are: its data is gone, or in two places. */
export function whyNowhere(
  release: Release,
  service: ServiceModel,
  { homeOf, lostOn }: Record<'homeOf' | 'lostOn', (volume: string) => string | undefined>,
): string | undefined {
  for (const volume of pinningVolumes(release, service)) {
    const machine = lostOn(volume);
    const onLoss = onLossOf(release, volume);
    if (machine !== undefined && onLoss !== 'recreate')
      return whyItWaits(volume, machine, { onLoss, gone: true });
  }
  const [first, ...rest] = pinsOf(release, service, homeOf);
  const other = rest.find(({ machine }) => machine !== first?.machine);
  return first === undefined || other === undefined
    ? undefined
    : `volume ${first.volume} lives on ${first.machine} and volume ${other.volume} on ${other.machine}`;
}
