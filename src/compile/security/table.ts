import { bridge } from '#compile/network.ts';
import { chain, type NftObject } from '#compile/nft/objects.ts';
import { oneOf, refusal, showRange } from '#compile/traffic/rules.ts';
import { joined } from './members.ts';
import type { HostRule } from './rules.ts';

export const hostTable = 'ballast_host';

/** What stands beside the rules by which all else is refused, and their counters are found. */
export const refusedComment = { in: 'refused', out: 'refused to go out' } as const;

/**
 * The chains that judge what reaches the machine itself, and what it sends when `shutIn`. What is led on to
 * containers is none of their business. A refusal is told at once: nobody is left hanging.
 */
export function hostTableObjects(
  rules: readonly HostRule[],
  { shutIn, containers }: { readonly shutIn: boolean; readonly containers: string },
): readonly NftObject[] {
  const asked = (direction: HostRule['direction']) =>
    rules.filter((rule) => rule.direction === direction).flatMap(ruleLines);
  const input = chain('input', inputRules(asked('in')), hook('input'));
  return shutIn ? [input, chain('output', outputRules(asked('out'), containers), hook('output'))] : [input];
}

const hook = (name: string): string => `type filter hook ${name} priority filter - 4; policy drop;`;

const inputRules = (asked: readonly string[]): readonly string[] => [
  'iifname "lo" accept',
  `iifname "${bridge}" accept comment "containers: the table ballast judges them"`,
  'ct state established,related counter accept comment "answers"',
  'ct state invalid counter drop comment "belongs to nothing"',
  'meta l4proto { 1, 58 } counter accept comment "ICMP"',
  'udp sport 67 udp dport 68 counter accept comment "DHCP"',
  'ip6 saddr fe80::/10 udp dport 546 counter accept comment "DHCP"',
  ...guests.map(
    (name) =>
      `iifname "${name}" meta l4proto { tcp, udp } th dport { 53, 67 } counter accept comment "names and addresses for guests"`,
  ),
  ...asked,
  'meta pkttype != host counter drop comment "to everybody"',
  ...refusal(refusedComment.in),
];

/** Bridges of other programs, whose containers and guests ask the machine for names and addresses. */
const guests = ['podman*', 'cni-*', 'virbr*', 'incusbr*', 'lxdbr*'];

const outputRules = (asked: readonly string[], containers: string): readonly string[] => [
  `oifname { "lo", "${bridge}" } accept`,
  'ct state established,related counter accept comment "answers"',
  'meta l4proto { 1, 58 } counter accept comment "ICMP"',
  'udp sport 68 udp dport 67 counter accept comment "DHCP"',
  'ip6 daddr { fe80::/10, ff02::/16 } udp dport 547 counter accept comment "DHCP"',
  'meta l4proto { tcp, udp } th dport 53 counter accept comment "names"',
  'udp dport 123 counter accept comment "time"',
  `ip daddr ${containers} counter accept comment "containers"`,
  ...asked,
  ...refusal(refusedComment.out),
];

/** Rules of nft: one for each protocol. None for places that are nowhere. */
function ruleLines({ direction, places, ports, comment }: HostRule): readonly string[] {
  if (places !== 'any' && places.length === 0) return [];
  const who = places === 'any' ? '' : `ip ${direction === 'in' ? 'saddr' : 'daddr'} ${oneOf(places)} `;
  return (['tcp', 'udp'] as const).flatMap((protocol) => {
    const own = joined(ports.filter((range) => range.protocol === protocol));
    if (own.length === 0) return [];
    return [`${who}${protocol} dport ${oneOf(own.map(showRange))} counter accept comment "${comment}"`];
  });
}
