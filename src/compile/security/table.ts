import { bridge } from '#compile/network.ts';
import type { PortRange } from '#spec/security-model.ts';
import { joined } from './members.ts';
import type { HostRule } from './rules.ts';

export const hostTable = 'ballast_host';

/** What stands beside the rules by which all else is refused, and their counters are found. */
export const refusedComment = { in: 'refused', out: 'refused to go out' } as const;

/**
 * The table that judges what reaches the machine itself, and what it sends when `shutIn`. What is led on to
 * containers is none of its business. A refusal is told at once: nobody is left hanging.
 */
export function hostTableText(
  rules: readonly HostRule[],
  { shutIn, containers }: { readonly shutIn: boolean; readonly containers: string },
): string {
  const chain = (direction: HostRule['direction']) =>
    rules
      .filter((rule) => rule.direction === direction)
      .flatMap(ruleLines)
      .map((rule) => `\t\t${rule}\n`)
      .join('');
  return `table inet ${hostTable}
delete table inet ${hostTable}
table inet ${hostTable} {
	chain input {
		type filter hook input priority filter - 4; policy drop;
		iifname "lo" accept
		iifname "${bridge}" accept comment "containers: the table ballast judges them"
		ct state established,related counter accept comment "answers"
		ct state invalid counter drop comment "belongs to nothing"
		meta l4proto { 1, 58 } counter accept comment "ICMP"
		udp sport 67 udp dport 68 counter accept comment "DHCP"
		ip6 saddr fe80::/10 udp dport 546 counter accept comment "DHCP"
${guests.map((name) => `\t\tiifname "${name}" meta l4proto { tcp, udp } th dport { 53, 67 } counter accept comment "names and addresses for guests"\n`).join('')}${chain('in')}		meta pkttype != host counter drop comment "to everybody"
${refusal('in')}	}
${shutIn ? outputChain(chain('out'), containers) : ''}}
`;
}

/** Bridges of other programs, whose containers and guests ask the machine for names and addresses. */
const guests = ['podman*', 'cni-*', 'virbr*', 'incusbr*', 'lxdbr*'];

const outputChain = (rules: string, containers: string): string => `	chain output {
		type filter hook output priority filter - 4; policy drop;
		oifname { "lo", "${bridge}" } accept
		ct state established,related counter accept comment "answers"
		meta l4proto { 1, 58 } counter accept comment "ICMP"
		udp sport 68 udp dport 67 counter accept comment "DHCP"
		ip6 daddr { fe80::/10, ff02::/16 } udp dport 547 counter accept comment "DHCP"
		meta l4proto { tcp, udp } th dport 53 counter accept comment "names"
		udp dport 123 counter accept comment "time"
		ip daddr ${containers} counter accept comment "containers"
${rules}${refusal('out')}	}
`;

const refusal = (direction: HostRule['direction']): string =>
  `\t\tmeta l4proto tcp counter reject with tcp reset comment "${refusedComment[direction]}"
\t\tcounter reject with icmpx type admin-prohibited comment "${refusedComment[direction]}"
`;

/** Rules of nft: one for each protocol. None for places that are nowhere. */
function ruleLines({ direction, places, ports, comment }: HostRule): readonly string[] {
  if (places !== 'any' && places.length === 0) return [];
  const who = places === 'any' ? '' : `ip ${direction === 'in' ? 'saddr' : 'daddr'} ${setOf(places)} `;
  return (['tcp', 'udp'] as const).flatMap((protocol) => {
    const own = joined(ports.filter((range) => range.protocol === protocol));
    if (own.length === 0) return [];
    return [`${who}${protocol} dport ${setOf(own.map(showRange))} counter accept comment "${comment}"`];
  });
}

const setOf = (elements: readonly string[]): string =>
  elements.length === 1 ? (elements[0] ?? '') : `{ ${elements.join(', ')} }`;

const showRange = ({ from, to }: PortRange): string => (from === to ? String(from) : `${from}-${to}`);
