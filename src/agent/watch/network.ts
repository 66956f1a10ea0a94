import type { Manifest } from '#compile/manifest.ts';
import { routeProtocol } from '#compile/network.ts';
import { placeOf } from '#converge/kinds.ts';
import { keepRunning } from './keep-running.ts';

/** Hears of changes to owned interfaces and routes from the kernel, by `ip monitor`. */
export function createNetworkWatch(
  onChange: (place?: string) => void,
  signal: AbortSignal,
): { readonly follow: (manifest: Manifest) => void } {
  let places: ReadonlyMap<string, string> = new Map();
  let running = false;
  return {
    follow({ resources }) {
      places = new Map(
        resources.flatMap((one) => (one.kind === 'network' ? [[one.interface, placeOf(one)]] : [])),
      );
      if (running || places.size === 0) return;
      running = true;
      const hear = (line: string): void => {
        const subject = interfaceIn(line);
        if (subject !== undefined && places.has(subject)) onChange(places.get(subject));
        else if (isOwnRoute(line) || isLoose(line)) onChange();
      };
      keepRunning(['ip', '-oneline', 'monitor', 'link', 'address', 'route'], hear, signal);
    },
  };
}

/** `2: br-ballast: <UP> …` and `Deleted 2: br-ballast    inet …` are about br-ballast. */
export const interfaceIn = (line: string): string | undefined =>
  /^(?:Deleted )?\d+: ([^\s:@]+)/.exec(line)?.[1];

export const isOwnRoute = (line: string): boolean => line.includes(` proto ${routeProtocol} `);

/** One end of a container's way out that runs and is on no bridge: it was on one before. */
export const isLoose = (line: string): boolean =>
  /^\d+: [^\s:@]+@if\d+: <[^>]*\bUP\b/.test(line) && !line.includes(' master ');
