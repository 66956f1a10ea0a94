import { networkInterfaces } from 'node:os';
import { readCounters, readListening } from '#host/firewall-state.ts';
import { knock } from '#host/knock.ts';
import { readListeners } from '#host/listeners.ts';
import type { Stream, StreamContext, StreamRequest } from './stream.ts';

/** Tells how often the rules of the machine's firewall were met, and what listens behind it. */
export function runFirewall(
  { stream }: Extract<StreamRequest, { kind: 'firewall' }>,
  { send }: StreamContext,
): Stream {
  const stop = new AbortController();
  const tell = async () => {
    const [counters, listening] = await Promise.all([
      readCounters(stop.signal),
      readListening(ownAddresses()),
    ]);
    send({ kind: 'firewall', stream, state: { counters, listening } });
    return { code: 0 };
  };
  return { done: tell(), cancel: () => stop.abort() };
}

/** Addresses by which other computers reach this one, those of bridges for containers and guests left out. */
const ownAddresses = (): readonly string[] =>
  Object.entries(networkInterfaces()).flatMap(([name, all]) =>
    /^(lo|br-ballast|podman|docker|virbr|incusbr|lxdbr)/.test(name)
      ? []
      : (all ?? []).filter(({ family }) => family === 'IPv4').map(({ address }) => address),
  );

/** Tries to reach other machines, all at once. */
export function runProbe(
  { stream, targets }: Extract<StreamRequest, { kind: 'probe' }>,
  { send }: StreamContext,
): Stream {
  const tell = async () => {
    const results = await Promise.all(
      targets.map(async ({ address, port }) => ({ address, port, outcome: await knock(address, port) })),
    );
    send({ kind: 'probed', stream, results });
    return { code: 0 };
  };
  return { done: tell(), cancel: () => {} };
}

/** Tells who listens on ports that somebody wants to publish. */
export function runListeners(
  { stream, ports }: Extract<StreamRequest, { kind: 'listeners' }>,
  { send }: StreamContext,
): Stream {
  const tell = async () => {
    send({ kind: 'listeners', stream, found: await readListeners(ports) });
    return { code: 0 };
  };
  return { done: tell(), cancel: () => {} };
}
