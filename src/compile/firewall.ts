import { hostFirewallId, hostFirewallPath } from './host-firewall.ts';
import type { Resource } from './manifest.ts';
import { networkUnit } from './network.ts';
import { tableText } from './nft/text.ts';
import { debianPackage, file, runningUnit } from './resources.ts';
import { type SharedTable, tableObjects } from './traffic/table.ts';

const table = 'ballast';
const path = '/etc/ballast/firewall.nft';
const firewallUnit = 'ballast-firewall.service';
const origin = 'firewall';
export const firewallId = `firewall:inet/${table}`;

/**
 * The table for containers: who may talk to whom, and which replica answers. The file and its unit put it there at
 * boot; the resource of kind `firewall` holds it against change afterwards.
 */
export function firewallResources(shared: SharedTable, machine: string): Resource[] {
  const own = shared.traffic.machines.find(({ name }) => name === machine);
  if (own === undefined) return [];
  const objects = tableObjects(shared, own);
  const content = tableText({ family: 'inet', table, objects });
  const rulesFile = file(origin, path, { content }, { mode: 0o600 });
  const unitFile = file(origin, `/etc/systemd/system/${firewallUnit}`, { content: unitText });
  return [
    debianPackage(origin, 'nftables'),
    debianPackage(origin, 'conntrack'),
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
      objects,
      after: ['package:nftables', `unit:${networkUnit}`],
      origin,
    },
  ];
}

const unitText = `[Unit]
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
