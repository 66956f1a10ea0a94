import type { NetworkResource, NetworkRoute } from '#compile/manifest.ts';
import type { RouteState } from './network-state.ts';

/** What is amiss with the routes of one network, among all routes of ours that there are. */
export interface RouteTroubles {
  readonly missing: readonly NetworkRoute[];
  /** Destinations of routes that no network asks for; told of the one they leave by, else of the first. */
  readonly unwanted: readonly string[];
}

export function routeTroubles(
  own: NetworkResource,
  networks: readonly NetworkResource[],
  found: readonly RouteState[],
): RouteTroubles {
  const there = new Map(found.map((route) => [plain(route.to), route]));
  const asked = new Set(networks.flatMap(({ routes }) => routes.map(({ to }) => plain(to))));
  const keeperOf = ({ dev }: RouteState): string | undefined =>
    (networks.find((network) => network.interface === dev) ?? networks[0])?.interface;
  return {
    missing: own.routes.filter((route) => !isSo(route, there.get(plain(route.to)))),
    unwanted: found
      .filter((route) => !asked.has(plain(route.to)) && keeperOf(route) === own.interface)
      .map(({ to }) => to),
  };
}

const isSo = ({ via, dev, source }: NetworkRoute, found: RouteState | undefined): boolean =>
  found !== undefined &&
  found.via === via &&
  (dev === undefined || found.dev === dev) &&
  (source === undefined || found.source === source);

/** A single address is printed without its prefix. */
const plain = (to: string): string => to.replace(/\/32$/, '');

/** `without 10.91.2.0/24, with 10.99.0.0/16`; of many, the first. */
export function showTroubles({ missing, unwanted }: RouteTroubles): string {
  return [
    ...some(
      'without',
      missing.map(({ to }) => to),
    ),
    ...some('with', unwanted),
  ].join(', ');
}

function some(word: string, all: readonly string[]): readonly string[] {
  if (all.length === 0) return [];
  const more = all.length > 3 ? ` and ${all.length - 3} more` : '';
  return [`${word} ${all.slice(0, 3).join(' ')}${more}`];
}
