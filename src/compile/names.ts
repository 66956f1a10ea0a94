import type { Replica } from '#plan/model.ts';
import type { ServiceModel } from '#spec/model.ts';
import type { Traffic } from './traffic/traffic.ts';
import type { ServedService } from './view.ts';

/** The domain in which an app's services are known by their Compose names. A domain has no underscores. */
export const appDomain = (app: string): string => `${app.replaceAll('_', '-')}.internal`;

interface Known {
  readonly traffic: Traffic;
  readonly served: readonly ServedService[];
}

/** Lines of each app's hosts file: the same on every machine. */
export function namesByApp(shared: Known): ReadonlyMap<string, string> {
  const served = Map.groupBy(shared.served, ({ app }) => app);
  return new Map([...served].map(([app, own]) => [app, namesText({ ...shared, served: own }, app)]));
}

/**
 * Lines of a hosts file. A service's names lead to its virtual address, or to the replicas that serve; what runs with
 * its machine's own network is found at the machine. A service without replicas that serve has no name.
 */
function namesText({ traffic: { services, machines }, served }: Known, app: string): string {
  const domain = appDomain(app);
  const addresses = new Map(machines.map(({ name, address }) => [name, address]));
  // A service called `web-2` goes before the second replica of `web`.
  const taken = new Set(served.flatMap(({ service }) => namesOf(service)));
  const lines = served.flatMap(({ service, replicas }) => {
    if (service.networkMode === 'none') return [];
    const own = (replica: Replica): string =>
      service.networkMode === 'host' ? (addresses.get(replica.machine) ?? replica.address) : replica.address;
    const names = namesOf(service).flatMap((name) => full(name, domain));
    const vip = services.get(`${app}/${service.name}`)?.vip;
    const single = replicas.flatMap((replica) => {
      const name = `${service.name}-${replica.slot}`;
      return taken.has(name) ? [] : [[own(replica), full(name, domain)] as const];
    });
    const shared = (vip === undefined ? replicas.map(own) : [vip]).map(
      (address) => [address, names] as const,
    );
    return [...shared, ...single].map(([address, all]) => `${address} ${all.join(' ')}\n`);
  });
  return [...new Set(lines)].sort().join('');
}

const namesOf = ({ name, networks }: ServiceModel): readonly string[] => [
  name,
  ...Object.values(networks).flatMap(({ aliases }) => aliases),
];

/** `db.shop.internal`, and `db.shop` as people write it when they speak of another app. */
const full = (name: string, domain: string): readonly string[] => [
  `${name}.${domain}`,
  `${name}.${domain.slice(0, -'.internal'.length)}`,
];
