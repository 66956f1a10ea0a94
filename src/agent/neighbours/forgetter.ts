import { firewallId } from '#compile/firewall.ts';
import type { Resource } from '#compile/manifest.ts';
import type { TroubleOf } from '#converge/liveness/trouble.ts';
import { backendsOf } from '#converge/liveness/without-down.ts';
import { forgetConnections } from '#host/conntrack.ts';

/** Once connections are led elsewhere, what still goes where they were led before would go on doing so. */
export function createForgetter(troubleOf: TroubleOf): (made: Resource) => Promise<void> {
  let led: ReadonlySet<string> = new Set();
  return async (made) => {
    if (made.id !== firewallId) return;
    const leading = backendsOf([made]);
    const left = [...led].filter((address) => !leading.has(address));
    led = leading;
    for (const address of left) {
      // Whoever still runs finishes what it has begun. UDP knows no end: its next datagram goes elsewhere.
      const gone = troubleOf(address) === 'gone';
      await forgetConnections(address, gone ? {} : { protocol: 'udp' }).catch(() => {});
    }
  };
}
