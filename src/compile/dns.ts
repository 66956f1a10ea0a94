import type { Policy } from '#plan/model.ts';
import { containerSubnet } from '#plan/schedule/address.ts';
import type { Resource } from './manifest.ts';
import { bridge, networkUnit } from './network.ts';
import { debianPackage, directory, file, runningUnit } from './resources.ts';
import type { ServedService } from './view.ts';

export const dnsUnit = 'ballast-dns.service';
const folder = '/etc/ballast/dns';
const origin = 'names';

/** The domain in which an app's services are known by their Compose names. A domain has no underscores. */
export const appDomain = (app: string): string => `${app.replaceAll('_', '-')}.internal`;

/**
 * The name server of a machine's containers. It reads the names from one file per app, which it watches: a changed
 * replica is known at once, without restart. Names it does not own go to the machine's own resolvers.
 */
export function dnsResources(
  policy: Policy,
  machine: string,
  services: readonly ServedService[],
): Resource[] {
  const own = policy.machines[machine];
  if (!own) return [];
  const { gateway } = containerSubnet(policy.fleet, own.index);
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
      file(
        origin,
        `${folder}/hosts/${app}`,
        {
          content: namesText(
            app,
            services.filter((service) => service.app === app),
          ),
        },
        { after: [hosts.id] },
      ),
    ),
  ];
}

function namesText(app: string, services: readonly ServedService[]): string {
  const domain = appDomain(app);
  const lines = services.flatMap(({ service, replicas }) => {
    const aliases = Object.values(service.networks).flatMap((network) => network.aliases);
    const names = [service.name, ...aliases].map((name) => `${name}.${domain}`);
    return replicas.map(
      (replica) =>
        `${replica.address} ${[...names, `${service.name}-${replica.slot}.${domain}`].join(' ')}\n`,
    );
  });
  return lines.sort().join('');
}

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
