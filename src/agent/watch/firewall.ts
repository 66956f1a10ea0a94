import type { Manifest, Resource } from '#compile/manifest.ts';
import { placeOf } from '#converge/kinds.ts';
import { keepRunning } from './keep-running.ts';

/** Hears of changes to owned tables. Those of others, which podman changes with every container, are let go by. */
export function createFirewallWatch(
  onChange: (place: string) => void,
  signal: AbortSignal,
): { readonly follow: (manifest: Manifest) => void } {
  let tables: readonly Resource[] = [];
  let running = false;
  return {
    follow({ resources }) {
      tables = resources.filter(({ kind }) => kind === 'firewall');
      if (running || tables.length === 0) return;
      running = true;
      const hear = (line: string): void => {
        for (const table of tables) if (concerns(line, placeOf(table))) onChange(placeOf(table));
      };
      keepRunning(['nft', 'monitor', 'ruleset'], hear, signal);
    },
  };
}

/** `add rule inet ballast input …` and `delete table inet ballast` concern `firewall inet ballast`. */
export function concerns(line: string, place: string): boolean {
  const table = place.slice('firewall'.length);
  return line.endsWith(table) || line.includes(`${table} `);
}
