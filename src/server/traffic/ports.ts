import type { ServiceModel } from '#spec/model.ts';
import type { PortRange } from '#spec/security-model.ts';

const rangeMax = 16;
const portsMax = 32;

/** Ports of tcp of a service's containers that are worth a try: those it names, and those in use. */
export function portsToTry(model: ServiceModel, listening: readonly number[]): readonly number[] {
  const { expose, ports, probe, inbound = [] } = model;
  const ranges = [...expose.flatMap(exposed), ...inbound.flatMap((rule) => rule.ports)];
  const named = [
    ...(probe === undefined ? [] : [probe.port]),
    ...ports.filter(({ protocol }) => protocol === 'tcp').map(({ target }) => target),
    ...ranges.filter(({ protocol }) => protocol === 'tcp').flatMap(portsOf),
  ];
  return [...new Set([...named, ...listening])].slice(0, portsMax).sort((a, b) => a - b);
}

/** A long range is tried at its ends. */
const portsOf = ({ from, to }: PortRange): readonly number[] =>
  to - from < rangeMax ? Array.from({ length: to - from + 1 }, (_, n) => from + n) : [from, to];

/** `8000-8009/udp`. */
function exposed(text: string): readonly PortRange[] {
  const [, from = '', to = from, protocol] = /^(\d+)(?:-(\d+))?\/(tcp|udp)$/.exec(text) ?? [];
  if (from === '') return [];
  return [{ protocol: protocol === 'udp' ? 'udp' : 'tcp', from: Number(from), to: Number(to) }];
}
