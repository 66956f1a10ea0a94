import type { Changes } from './changes.ts';
import type { Hub } from './hub.ts';

/** After a start, time given to machines to report before decisions are taken without them. */
const graceMs = 10_000;

/**
 * Agents say everything again after the server started. Until they have, or for ten seconds, what depends on how the
 * fleet is has to wait: else a fleet that is well would look too small.
 */
export function heardFrom(
  expected: () => Promise<readonly string[]>,
  { hub, changes, now }: { readonly hub: Hub; readonly changes: Changes; readonly now: () => number },
): (signal: AbortSignal) => Promise<void> {
  const until = now() + graceMs;
  let settled = false;
  return async (signal) => {
    while (!settled && !signal.aborted) {
      const seen = changes.version();
      const names = await expected();
      const { machines } = hub.inventory;
      settled = now() >= until || names.every((name) => machines[name]?.connected === true);
      if (!settled) await changes.after(seen, signal, until);
    }
  };
}
