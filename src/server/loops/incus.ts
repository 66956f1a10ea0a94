import type { IncusMachines } from '#server/incus-machines.ts';
import { type MachinesOptions, runMachines } from './machines.ts';

/**
 * Makes and destroys machines on every Incus server that the fleet file names or has named: each in a loop of its
 * own, so that one that is away or slow holds up none of the others. Ends when the signal aborts.
 */
export async function runIncus(
  { state, control, log }: Pick<MachinesOptions, 'state' | 'control' | 'log'>,
  machines: IncusMachines,
  signal: AbortSignal,
): Promise<void> {
  const running = new Map<string, Promise<void>>();
  const failed = Promise.withResolvers<never>();
  failed.promise.catch(() => {}); // it is met below
  while (!signal.aborted) {
    const seen = state.changes.version();
    for (const name of Object.keys(state.policy.fleet.incus ?? {})) {
      if (running.has(name)) continue;
      const maker = () => machines.maker(name);
      const loop = runMachines({ state, control, log, maker, place: `incus/${name}` }, signal);
      loop.catch(failed.reject);
      running.set(name, loop);
    }
    await Promise.race([state.changes.after(seen, signal, null), failed.promise]);
  }
  await Promise.allSettled(running.values());
}
