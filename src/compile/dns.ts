import type { Resource } from './manifest.ts';
import { bridge, networkUnit } from './network.ts';
import { debianPackage, directory, file, runningUnit } from './resources.ts';
import type { SharedTable } from './traffic/table.ts';

export const dnsUnit = 'ballast-dns.service';
const folder = '/etc/ballast/dns';
/** Where each app has a file of its names. */
export const namesFolder = `${folder}/hosts`;
const origin = 'names';

/**
 * The name server of a machine's containers. It reads the names from one file per app, which it watches: a changed
 * replica is known at once, without restart. Names it does not own go to the machine's own resolvers.
 */
export function dnsResources(shared: SharedTable, machine: string): Resource[] {
  const own = shared.traffic.machines.find(({ name }) => name === machine);
  if (!own) return [];
  const { gateway } = own;
  const configuration = file(origin, `${folder}/dnsmasq.conf`, { content: configurationText(gateway) });
  const unitFile = file(origin, `/etc/systemd/system/${dnsUnit}`, { content: unitText() });
  const hosts = directory(origin, namesFolder);
  return [
    debianPackage(origin, 'dnsmasq-base'),
    configuration,
    unitFile,
    hosts,
    runningUnit(origin, dnsUnit, [configuration, unitFile], {
      after: ['package:dnsmasq-base', `unit:${networkUnit}`, hosts.id],
    }),
    ...[...shared.names].map(([app, content]) =>
      file(origin, `${namesFolder}/${app}`, { content }, { after: [hosts.id] }),
    ),
  ];
}

function configurationText(gateway: string): string {
  return `bind-dynamic
interface=${bridge}
listen-address=${gateway}
except-interface=lo
no-hosts
hostsdir=${namesFolder}
domain-needed
local=/internal/
local-ttl=2
cache-size=1000
user=dnsmasq
pid-file=
`;
}

function unitText(): string {
  return `[Unit]
Description=Ballast names for containers
Wants=${networkUnit}
After=${networkUnit}
StartLimitIntervalSec=0

[Service]
ExecStart=/usr/sbin/dnsmasq --keep-in-foreground --conf-file=${folder}/dnsmasq.conf
Restart=always
RestartSec=1

[Install]
WantedBy=multi-user.target
`;
}
