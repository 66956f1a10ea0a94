import type { Replica } from '#plan/model.ts';
import type { Resource } from './manifest.ts';
import { bridge, networkUnit } from './network.ts';
import { debianPackage, directory, file, runningUnit } from './resources.ts';
import type { SharedTable } from './traffic/table.ts';

export const dnsUnit = 'ballast-dns.service';
const folder = '/etc/ballast/dns';
const origin = 'names';

/** The domain in which an app's services are known by their Compose names. A domain has no underscores. */
export const appDomain = (app: string): string => `${app.replaceAll('_', '-')}.internal`;

/**
 * The name server of a machine's containers. It reads the names from one file per app, which it watches: a changed
 * replica is known at once, without restart. Names it does not own go to the machine's own resolvers.
 */
export function dnsResources(shared: SharedTable, machine: string): Resource[] {
  const { served: services } = shared;
  const own = shared.traffic.machines.find(({ name }) => name === machine);
  if (!own) return [];
  const { gateway } = own;
  const configuration = file(origin, `${folder}/dnsmasq.conf`, { content: configurationText(gateway) });
  const unitFile = file(origin, `/etc/systemd/system/${dnsUnit}`, { content: unitText() });
  const hosts = directory(origin, `${folder}/hosts`);
  const apps = [...new Set(services.map(({ app }) => app))];
  return [
    debianPackage(origin, 'dnsmasq-base'),
    configuration,
    unitFile,
    hosts,
    runningUnit(origin, dnsUnit, [configuration, unitFile], {
      after: ['package:dnsmasq-base', `unit:${networkUnit}`, hosts.id],
    }),
    ...apps.map((app) =>
      file(origin, `${folder}/hosts/${app}`, { content: namesText(shared, app) }, { after: [hosts.id] }),
    ),
  ];
}

/**
 * Lines of a hosts file. A service's names lead to its virtual address, or to the replicas that serve; what runs with
 * its machine's own network is found at the machine. A service without replicas that serve has no name.
 */
function namesText({ traffic: { services, machines }, served }: SharedTable, app: string): string {
  const domain = appDomain(app);
  const addresses = new Map(machines.map(({ name, address }) => [name, address]));
  const lines = served.flatMap(({ app: of, service, replicas }) => {
    if (of !== app || service.networkMode === 'none') return [];
    const own = (replica: Replica): string =>
      service.networkMode === 'host' ? (addresses.get(replica.machine) ?? replica.address) : replica.address;
    const aliases = Object.values(service.networks).flatMap((network) => network.aliases);
    const names = [service.name, ...aliases].flatMap((name) => full(name, domain));
    const vip = services.get(`${app}/${service.name}`)?.vip;
    const single = replicas.map(
      (replica) => [own(replica), full(`${service.name}-${replica.slot}`, domain)] as const,
    );
    const shared = (vip === undefined ? replicas.map(own) : [vip]).map(
      (address) => [address, names] as const,
    );
    return [...shared, ...single].map(([address, all]) => `${address} ${all.join(' ')}\n`);
  });
  return [...new Set(lines)].sort().join('');
}

/** `db.shop.internal`, and `db.shop` as people write it when they speak of another app. */
const full = (name: string, domain: string): readonly string[] => [
  `${name}.${domain}`,
  `${name}.${domain.slice(0, -'.internal'.length)}`,
];

function configurationText(gateway: string): string {
  return `bind-dynamic
interface=${bridge}
listen-address=${gateway}
except-interface=lo
no-hosts
hostsdir=${folder}/hosts
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
