import { must } from '#base/assert.ts';
import { joined, outermost } from '#compile/security/members.ts';
import type { PortRange } from '#spec/security-model.ts';
import type { Grant } from './grants.ts';

/** A refusal is told at once: nobody is left hanging. */
export const refusal = (comment: string): readonly string[] => [
  `meta l4proto tcp counter reject with tcp reset comment "${comment}"`,
  `counter reject with icmpx type admin-prohibited comment "${comment}"`,
];

/** A grant as rules of nft, one for each protocol; none when nobody is meant. */
export function grantRules(
  { whom, ports, comment }: Grant,
  side: 'saddr' | 'daddr',
  verdict: 'accept' | 'return',
): readonly string[] {
  const who = whomText(whom, side);
  if (who === undefined) return [];
  const end = `counter ${verdict} comment "${comment}"`;
  if (ports.length === 0) return [`${who}${end}`];
  return (['tcp', 'udp'] as const).flatMap((protocol) => {
    const own = joined(ports.filter((range) => range.protocol === protocol));
    return own.length === 0 ? [] : [`${who}${protocol} dport ${oneOf(own.map(showRange))} ${end}`];
  });
}

function whomText(whom: Grant['whom'], side: 'saddr' | 'daddr'): string | undefined {
  if (whom.kind === 'any') return '';
  if (whom.kind === 'set') return `ip ${side} @${whom.set} `;
  return whom.cidrs.length === 0 ? undefined : `ip ${side} ${oneOf(outermost(whom.cidrs))} `;
}

/** One element as it is, several as a set. */
export const oneOf = (elements: readonly string[]): string =>
  elements.length === 1 ? must(elements[0], 'element') : `{ ${elements.join(', ')} }`;

export const showRange = ({ from, to }: PortRange): string => (from === to ? String(from) : `${from}-${to}`);
