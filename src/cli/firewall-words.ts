import { ruleFor } from '#compile/security/reach.ts';
import type { PortRange } from '#spec/security-model.ts';
import type { FirewallView, ProbeOutcome } from '#wire/firewall-views.ts';

/** `22, 53/udp, 8000-8010`. */
export const portWords = (ports: readonly PortRange[]): string =>
  ports
    .map(
      ({ protocol, from, to }) =>
        `${from === to ? from : `${from}-${to}`}${protocol === 'udp' ? '/udp' : ''}`,
    )
    .join(', ');

/** Somebody who tries to reach a machine. */
export interface Prober {
  /** A machine of the fleet; absent: the computer of whoever asks. */
  readonly machine?: FirewallView;
  readonly address: string;
}

export interface Expectation {
  readonly port: number;
  /** `answer` and `refuse` can be verified; behind `closed` nothing listens, so that nobody could tell. */
  readonly expected: 'answer' | 'refuse' | 'closed';
  /** Who asked for it. */
  readonly origin: string;
}

const rangeMax = 16;
const portsMax = 64;

/** The ports of a machine that are worth a try: those that rules name, those that are published and those in use. */
export function portsToTry({ rules, listening, published }: FirewallView): readonly number[] {
  const named = rules
    .filter(({ direction }) => direction === 'in')
    .flatMap(({ ports }) =>
      ports
        .filter(({ protocol }) => protocol === 'tcp')
        .flatMap(({ from, to }) =>
          to - from < rangeMax ? Array.from({ length: to - from + 1 }, (_, n) => from + n) : [from, to],
        ),
    );
  return [...new Set([...published, ...named, ...(listening ?? [])])]
    .slice(0, portsMax)
    .sort((a, b) => a - b);
}

/** What has to come of a connection to a port, by the rules of both ends. */
export function expectationOf(target: FirewallView, from: Prober, port: number): Expectation {
  const out = from.machine;
  if (out?.shutIn === true && !target.published.includes(port)) {
    const way = ruleFor(ruled(out, 'out'), { address: target.address, port });
    if (way === undefined) return { port, expected: 'refuse', origin: `what ${out.machine} may reach` };
  }
  if (target.published.includes(port)) return { port, expected: 'answer', origin: 'published' };
  const rule = ruleFor(ruled(target, 'in'), { address: from.address, port });
  if (rule === undefined) return { port, expected: 'refuse', origin: 'firewall' };
  const listens = target.listening?.includes(port) ?? false;
  return { port, expected: listens ? 'answer' : 'closed', origin: rule.origin };
}

const ruled = ({ rules }: FirewallView, direction: 'in' | 'out') =>
  rules.filter((rule) => rule.direction === direction);

/** Whether what was seen is what has to be. Nobody is left hanging: silence is never as it has to be. */
export const isAsExpected = ({ expected }: Expectation, seen: ProbeOutcome): boolean =>
  expected === 'answer' ? seen === 'open' : seen === 'refused';
