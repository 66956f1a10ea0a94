import { same } from '#base/json.ts';
import type { Fixtures } from '#compile/fixtures.ts';
import type { Policy } from '#plan/model.ts';

/**
 * What the control plane contributes to every machine: what the registry says, and which machines are the computer
 * that the server runs on. The same object while nothing of it changes.
 */
export function withServer(
  fixtures: () => Promise<Fixtures>,
  {
    policy,
    ownAddresses,
    port,
  }: {
    readonly policy: () => Policy;
    readonly ownAddresses: () => readonly string[];
    readonly port: () => number;
  },
): () => Promise<Fixtures> {
  let known: { readonly base: Fixtures; readonly all: Fixtures } | undefined;
  return async () => {
    const base = await fixtures();
    const own = new Set(ownAddresses());
    const machines = Object.values(policy().machines)
      .filter(({ address }) => own.has(address))
      .map(({ name }) => name)
      .sort();
    const server = machines.length === 0 ? undefined : { machines, port: port() };
    if (known?.base === base && same(known.all.server ?? null, server ?? null)) return known.all;
    known = { base, all: server === undefined ? base : { ...base, server } };
    return known.all;
  };
}
