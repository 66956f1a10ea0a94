import type { IngressDesk } from '#server/ingress/desk.ts';
import type { Log } from '#server/log.ts';
import type { FleetState } from '#server/state.ts';

const retryMs = 10_000;

/** Gets certificates by ACME when they are wanted or due. Ends when the signal aborts. */
export async function runIngress(
  { state, desk, log }: { readonly state: FleetState; readonly desk: IngressDesk; readonly log: Log },
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    const seen = state.changes.version();
    let wakeAt: number | null;
    try {
      wakeAt = await desk.renew(signal);
    } catch (cause) {
      if (signal.aborted) return;
      log.error('certificates could not be looked after', cause);
      wakeAt = state.now() + retryMs;
    }
    await state.changes.after(seen, signal, wakeAt);
    // What is due is also taken up by whoever hands out manifests.
    if (wakeAt !== null && state.now() >= wakeAt) state.changes.mark();
  }
}
