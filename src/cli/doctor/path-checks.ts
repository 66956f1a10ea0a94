import type { Shell } from '#cli/shell.ts';
import type { Client } from '#wire/client.ts';
import type { Input } from '#wire/operations.ts';
import type { PathHop, PathTrace, PathWay } from '#wire/traffic-views.ts';
import type { Check } from './check.ts';

/** The ways between the replicas of two services; of each the hops up to the first that is broken. */
export async function pathChecks(
  input: Input<'tracePath'>,
  client: Client,
  shell: Shell,
): Promise<{ readonly checks: readonly Check[]; readonly trace: PathTrace }> {
  const trace = await client.call('tracePath', input, { signal: shell.signal, timeoutMs: traceMs });
  return { trace, checks: trace.ways.flatMap(checksOf) };
}

const traceMs = 90_000;

/** What comes after the first broken hop is broken because of it, and would only hide it. */
export function checksOf({ from, machine, to, toMachine, hops }: PathWay): readonly Check[] {
  const group = `${from} on ${machine} to ${to} on ${toMachine}`;
  const first = hops.findIndex(({ state }) => state === 'broken');
  const shown = first < 0 ? hops : hops.slice(0, first + 1);
  return shown.map((hop) => ({ group, ...checkOf(hop) }));
}

const checkOf = ({ hop, state, what, fix }: PathHop): Omit<Check, 'group'> => ({
  ok: state === 'ok',
  what: `${hop}: ${what}`,
  ...(fix === undefined ? {} : { fix }),
});
