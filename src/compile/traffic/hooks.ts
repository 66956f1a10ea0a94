import { meshChains } from '#compile/mesh-firewall.ts';
import { neighboursPort } from '#compile/neighbours.ts';
import { bridge } from '#compile/network.ts';
import { chain, type NftObject } from '#compile/nft/objects.ts';
import { oneOf, refusal } from './rules.ts';
import type { NetMachine, Traffic } from './traffic.ts';

const dns = 'meta l4proto { tcp, udp } th dport 53';

/** The chains that the kernel enters: in what order what is judged and led on. */
export const hooks = (traffic: Traffic, machine: NetMachine): readonly NftObject[] => [
  ...before(traffic, machine),
  ...after(traffic, machine),
  ...meshChains(traffic.policy),
  chain('refused', refusal('refused')),
];

/** Before it is known where a connection goes: it is judged by where it wants to go, then led on. */
function before({ virtual: ranges }: Traffic, { gateway }: NetMachine): readonly NftObject[] {
  const virtual = oneOf(ranges);
  return [
    chain(
      'judge',
      [
        'ct state != new accept',
        `iifname "${bridge}" ip daddr ${gateway} ${dns} accept`,
        `iifname "${bridge}" ip saddr vmap @outbound`,
        'ip daddr vmap @vips_inbound',
        `ip daddr ${virtual} jump refused`,
        'fib daddr type local ip daddr . meta l4proto . th dport vmap @published_only_at',
        'fib daddr type local meta l4proto . th dport vmap @published_only',
      ],
      'type filter hook prerouting priority dstnat - 10; policy accept;',
    ),
    chain(
      'judge_own',
      [
        // The way to a virtual address is by the machine, always: who answers there today is gone tomorrow.
        `oifname "${bridge}" icmp type redirect drop`,
        'ct state != new accept',
        'ip daddr vmap @vips_inbound',
        `ip daddr ${virtual} jump refused`,
      ],
      'type filter hook output priority -110; policy accept;',
    ),
    chain(
      'lead',
      [
        'ip daddr vmap @vips',
        'fib daddr type local ip daddr . meta l4proto . th dport vmap @published_at',
        'fib daddr type local meta nfproto ipv4 meta l4proto . th dport vmap @published',
      ],
      'type nat hook prerouting priority dstnat - 5; policy accept;',
    ),
    chain(
      'lead_own',
      [
        'ip daddr vmap @vips',
        'ip daddr 127.0.0.0/8 accept',
        'fib daddr type local ip daddr . meta l4proto . th dport vmap @published_at',
        'fib daddr type local meta nfproto ipv4 meta l4proto . th dport vmap @published',
      ],
      'type nat hook output priority -105; policy accept;',
    ),
  ];
}

/** Once it is known where it goes: containers of this machine are judged by who asks, and so is what leaves. */
function after({ policy: { fleet } }: Traffic, { gateway, cidr }: NetMachine): readonly NftObject[] {
  const all = fleet.network.containers;
  return [
    chain(
      'leave',
      [
        // Answers to what came from elsewhere have to go back the way it came.
        `ct status dnat ip saddr != ${all} ip daddr ${all} ip daddr != ${cidr} snat ip to ${gateway}`,
        // A container that was led to itself would take its own address for a forged one.
        'ct status dnat ip saddr . ip daddr @self masquerade',
        `ip saddr ${cidr} ip daddr != ${all} oifname != "${bridge}" masquerade`,
      ],
      'type nat hook postrouting priority srcnat - 5; policy accept;',
    ),
    chain(
      'forward',
      [
        'ct state established,related accept',
        'ct status dnat accept',
        'ip daddr vmap @inbound',
        `iifname "${bridge}" ip daddr ${all} ip daddr != ${cidr} accept`,
        `ip daddr ${all} jump refused`,
        'ip saddr @shut_in jump refused',
      ],
      'type filter hook forward priority filter - 5; policy accept;',
    ),
    chain(
      'input',
      [
        // What machines tell each other is for nobody else to say, containers of other machines included.
        `ip saddr ${all} ip saddr != @machines meta l4proto { tcp, udp } th dport ${neighboursPort} jump refused`,
        `iifname != "${bridge}" accept`,
        'ct state established,related accept',
        `${dns} accept`,
        'meta l4proto { 1, 58 } accept comment "ICMP, by number: the newer name is not known everywhere"',
        'jump refused',
      ],
      'type filter hook input priority filter - 5; policy accept;',
    ),
  ];
}
