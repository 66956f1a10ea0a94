import { must } from '#base/assert.ts';
import type { Policy } from '#plan/model.ts';
import { containerSubnet } from '#plan/schedule/address.ts';
import type { PortModel } from '#spec/model.ts';
import { hostFirewallId, hostFirewallPath } from './host-firewall.ts';
import type { Resource } from './manifest.ts';
import { bridge, networkUnit } from './network.ts';
import { debianPackage, file, runningUnit } from './resources.ts';
import type { Placed, ServedService } from './view.ts';

const table = 'ballast';
const path = '/etc/ballast/firewall.nft';
const firewallUnit = 'ballast-firewall.service';
const origin = 'firewall';
export const firewallId = `firewall:inet/${table}`;

/**
 * One nftables table: published ports are sent to serving replicas on whatever machine they run, containers talk
 * to those with which they share a Compose network, and reach out through their machine's address. The file and
 * its unit put it there at boot; the resource of kind `firewall` holds it against change afterwards.
 */
export function firewallResources(
  policy: Policy,
  machine: string,
  placed: readonly Placed[],
  services: readonly ServedService[],
): Resource[] {
  const rules = rulesText(policy, machine, placed, services);
  const rulesFile = file(origin, path, { content: rules }, { mode: 0o600 });
  const unitFile = file(origin, `/etc/systemd/system/${firewallUnit}`, { content: unitText() });
  return [
    debianPackage(origin, 'nftables'),
    rulesFile,
    unitFile,
    runningUnit(origin, firewallUnit, [unitFile], {
      // Tables that nobody has proven yet are not to be loaded by their unit first.
      after: [rulesFile.id, 'package:nftables', hostFirewallId, `file:${hostFirewallPath}`],
    }),
    {
      kind: 'firewall',
      id: firewallId,
      family: 'inet',
      table,
      rules,
      after: ['package:nftables', `unit:${networkUnit}`],
      origin,
    },
  ];
}

function rulesText(
  policy: Policy,
  machine: string,
  placed: readonly Placed[],
  services: readonly ServedService[],
): string {
  const own = must(policy.machines[machine], `machine ${machine}`);
  const all = policy.fleet.network.containers;
  const { cidr } = containerSubnet(policy.fleet, own.index);
  const networks = networkMembers(placed);
  const shut = shutIn(placed);
  const machines = Object.values(policy.machines).map(({ address }) => address);
  const doors = [...new Set(placed.filter(({ replica }) => replica.machine === machine).flatMap(doorsOf))];
  const published = services.flatMap((service) =>
    service.service.ports.flatMap((port) => publishRule(port, service, machine)),
  );
  return `table inet ${table}
delete table inet ${table}
table inet ${table} {
${setText('machines', machines)}${doors.length > 0 ? setText('doors', doors, 'ipv4_addr . inet_proto . inet_service') : ''}${shut.length > 0 ? setText('shut_in', shut) : ''}${[...networks].map(([name, addresses]) => setText(name, addresses)).join('')}\tchain published {
${published.map((rule) => `\t\t${rule}\n`).join('')}\t}
\tchain prerouting {
\t\ttype nat hook prerouting priority dstnat - 5; policy accept;
\t\tfib daddr type local jump published
\t}
\tchain output {
\t\ttype nat hook output priority -105; policy accept;
\t\tfib daddr type local ip daddr != 127.0.0.0/8 jump published
\t}
\tchain postrouting {
\t\ttype nat hook postrouting priority srcnat - 5; policy accept;
\t\tct status dnat ip daddr ${all} ip daddr != ${cidr} masquerade
\t\tct status dnat ip saddr ${cidr} ip daddr ${cidr} masquerade
\t\tip saddr ${cidr} ip daddr != ${all} oifname != "${bridge}" masquerade
\t}
\tchain between {
${[...networks.keys()].map((name) => `\t\tip saddr @${name} ip daddr @${name} accept\n`).join('')}\t}
\tchain forward {
\t\ttype filter hook forward priority filter - 5; policy accept;
\t\tct state established,related accept
\t\tct status dnat accept
${doors.length > 0 ? '\t\tip saddr @machines ip daddr . meta l4proto . th dport @doors accept\n' : ''}\t\tip daddr ${all} jump between
\t\tip daddr ${all} meta l4proto tcp counter reject with tcp reset
\t\tip daddr ${all} counter reject
${shut.length > 0 ? '\t\tip saddr @shut_in counter reject\n' : ''}\t}
\tchain input {
\t\ttype filter hook input priority filter - 5; policy accept;
\t\tiifname != "${bridge}" accept
\t\tct state established,related accept
\t\tmeta l4proto { tcp, udp } th dport 53 accept
\t\tmeta l4proto { 1, 58 } accept comment "ICMP, by number: the newer name is not known everywhere"
\t\tcounter reject
\t}
}
`;
}

/** Addresses by Compose network; the name is what nftables calls the set. */
function networkMembers(placed: readonly Placed[]): ReadonlyMap<string, readonly string[]> {
  const members = new Map<string, string[]>();
  for (const { replica, release, service } of placed) {
    if (service.networkMode !== 'bridge') continue;
    for (const key of Object.keys(service.networks)) {
      const network = must(release.model.networks[key], `network ${key}`);
      const name = `net_${network.name.replaceAll(/[^A-Za-z0-9_]/g, '_')}`;
      members.set(name, [...(members.get(name) ?? []), replica.address]);
    }
  }
  return new Map([...members].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Addresses of containers whose networks are all `internal`: they reach nothing outside the fleet. */
function shutIn(placed: readonly Placed[]): readonly string[] {
  return placed
    .filter(({ release, service }) => {
      const keys = Object.keys(service.networks);
      return (
        service.networkMode === 'bridge' &&
        keys.length > 0 &&
        keys.every((key) => release.model.networks[key]?.internal)
      );
    })
    .map(({ replica }) => replica.address);
}

/**
 * Where connections to published ports arrive that another machine took: they come from that machine's address, so
 * that the answers go back through it. Open from before the replica serves until it is gone, because machines do
 * not all learn at the same instant who serves.
 */
function doorsOf({ replica, service }: Placed): readonly string[] {
  return service.ports
    .filter(({ mode }) => mode === 'ingress' && service.networkMode === 'bridge')
    .map(({ protocol, target }) => `${replica.address} . ${protocol} . ${target}`);
}

const setText = (name: string, elements: readonly string[], type = 'ipv4_addr'): string =>
  `\tset ${name} {\n\t\ttype ${type}\n\t\telements = { ${[...elements].sort().join(', ')} }\n\t}\n`;

/** Spreads new connections to a published port evenly over the replicas that are to answer on this machine. */
function publishRule(port: PortModel, { service, replicas }: ServedService, machine: string): string[] {
  if (service.networkMode !== 'bridge') return [];
  const answering =
    port.mode === 'host' ? replicas.filter((replica) => replica.machine === machine) : replicas;
  if (answering.length === 0) return [];
  const on = port.hostIp && port.hostIp !== '0.0.0.0' ? `ip daddr ${port.hostIp} ` : 'meta nfproto ipv4 ';
  const targets = answering.map((replica) => replica.address).sort();
  const [only] = targets;
  const to =
    targets.length === 1
      ? `${only}:${port.target}`
      : `numgen inc mod ${targets.length} map { ${targets.map((address, n) => `${n} : ${address} . ${port.target}`).join(', ')} }`;
  return [`${on}${port.protocol} dport ${port.published} dnat ip to ${to}`];
}

function unitText(): string {
  return `[Unit]
Description=Ballast firewall
DefaultDependencies=no
Before=network-pre.target
Wants=network-pre.target
After=local-fs.target

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/sbin/nft -f ${path}
ExecStart=/usr/sbin/nft -f ${hostFirewallPath}

[Install]
WantedBy=multi-user.target
`;
}
