import { contains, subnetOf } from '#base/cidr.ts';
import { BallastError } from '#base/errors.ts';
import { present } from '#base/present.ts';
import type { NetworkResource } from '#compile/manifest.ts';
import { routeProtocol, showRoute } from '#compile/network.ts';
import type { Observed } from '#converge/fields.ts';
import { wantedOf } from '#converge/kinds.ts';
import { exec, tail } from './exec.ts';
import type { Facility } from './facility.ts';
import { type LinkState, linkState, looseContainers, ownRoutes, type RouteState } from './network-state.ts';
import { routeTroubles, showTroubles } from './routes.ts';

/** What there is of one network. */
interface Sight {
  readonly link: LinkState | undefined;
  readonly routes: readonly RouteState[];
  /** Interfaces of containers that are to be on it and are not. */
  readonly loose: readonly string[];
}

/** Interfaces, their addresses and the routes that are ours, by `ip`. A container that lost its bridge gets it back. */
export function createNetworks(): Facility<NetworkResource> {
  // Routes are judged together: one that another network asks for is not in this one's way.
  let networks: readonly NetworkResource[] = [];
  return {
    async observe(resources) {
      networks = resources;
      const seen = new Map<string, Observed>();
      if (resources.length === 0) return seen;
      const sights = await lookAtAll(resources).catch(untilInstalled);
      for (const [index, resource] of resources.entries()) {
        const sight = sights[index];
        if (sight?.link) seen.set(resource.id, { fields: fieldsOf(resource, networks, sight, sight.link) });
      }
      return seen;
    },
    async apply({ action, resource }) {
      const others = networks.filter(({ id }) => id !== resource.id);
      if (action === 'delete') await leave(resource, others);
      else await correctNetwork(resource, [...others, resource]);
      return undefined;
    },
  };
}

/** The package that has `ip` is one of those that are to come. */
function untilInstalled(cause: unknown): readonly Sight[] {
  if (cause instanceof BallastError && cause.code === 'missing-tool') return [];
  throw cause;
}

async function lookAtAll(resources: readonly NetworkResource[]): Promise<readonly Sight[]> {
  const hasBridge = resources.some(({ link }) => link === 'bridge');
  const [routes, loose, ...links] = await Promise.all([
    ownRoutes(),
    hasBridge ? looseContainers() : [],
    ...resources.map(async (resource) => await linkState(resource.interface)),
  ]);
  return resources.map(({ link, addresses }, index) => {
    const subnets = link === 'bridge' ? addresses.flatMap((address) => subnetOf(address) ?? []) : [];
    const isOurs = (address: string): boolean =>
      subnets.some((subnet) => contains(subnet, address.replace(/\/.*$/, '')));
    const ours = loose.filter((one) => one.addresses.some(isOurs));
    return { routes, link: links[index], loose: ours.map(({ name }) => name) };
  });
}

function fieldsOf(
  resource: NetworkResource,
  networks: readonly NetworkResource[],
  { routes, loose }: Sight,
  { up, mac, mtu, addresses }: LinkState,
): Observed['fields'] {
  const troubles = showTroubles(routeTroubles(resource, networks, routes));
  const asWanted = wantedOf(resource)['routes'] ?? '';
  return {
    ...{ up, mac, mtu, addresses: addresses.join(', '), routes: troubles === '' ? asWanted : troubles },
    containers: loose.length === 0 ? 'on it' : `${loose.length} not on it`,
  };
}

/** Lines for `ip -batch` that make it so; what is right already is not touched. */
export function correction(
  resource: NetworkResource,
  networks: readonly NetworkResource[],
  { link, routes, loose }: Sight,
): readonly string[] {
  const { interface: name, mac, mtu, addresses } = resource;
  const now = link ?? { up: false, mac: mac ?? '', mtu: mtu ?? 0, addresses: [] };
  const interfaceLines = [
    ...(link === undefined && resource.link === 'bridge'
      ? [`link add ${name}${mac === undefined ? '' : ` address ${mac}`} type bridge`]
      : []),
    ...(mac === undefined || mac === now.mac ? [] : [`link set dev ${name} address ${mac}`]),
    ...(mtu === undefined || mtu === now.mtu ? [] : [`link set dev ${name} mtu ${mtu}`]),
    // Those that leave go first: one that is the first of its subnet takes the others with it.
    ...now.addresses
      .filter((one) => !addresses.includes(one))
      .map((one) => `address delete ${one} dev ${name}`),
    ...addresses
      .filter((one) => !now.addresses.includes(one))
      .map((one) => `address replace ${one} dev ${name}`),
    ...(now.up ? [] : [`link set dev ${name} up`]),
    ...loose.map((one) => `link set dev ${one} master ${name}`),
  ];
  const { unwanted } = routeTroubles(resource, networks, routes);
  // Routes go with their interface and address: what was seen of them before does not count.
  const { missing } = routeTroubles(resource, networks, interfaceLines.length > 0 ? [] : routes);
  return [
    ...unwanted.map((to) => `route delete ${to} proto ${routeProtocol}`),
    ...interfaceLines,
    ...missing.map((route) => `route replace ${showRoute(route)} proto ${routeProtocol}`),
  ];
}

/** What there is of it now, as one would ask for it: all routes of ours among it. Null: it is not there. */
export async function networkAsItIs(resource: NetworkResource): Promise<NetworkResource | null> {
  const [link, found] = await Promise.all([linkState(resource.interface), ownRoutes()]);
  if (link === undefined) return null;
  const { addresses, mac, mtu } = link;
  const routes = found.map(({ to, via, dev, source }) => ({ to, ...present({ via, dev, source }) }));
  return { ...resource, addresses, mac, mtu, routes };
}

/** Its routes go, and a bridge that nobody is on; that of somebody's containers stays. */
async function leave(
  { interface: name, link, routes }: NetworkResource,
  others: readonly NetworkResource[],
): Promise<void> {
  const own = new Set(routes.map(({ to }) => to));
  const kept = new Set(others.flatMap((other) => other.routes.map(({ to }) => to)));
  const gone = (await ownRoutes()).filter(({ to, dev }) => (own.has(to) || dev === name) && !kept.has(to));
  for (const { to } of gone) await exec(['ip', 'route', 'delete', to, 'proto', String(routeProtocol)]);
  if (link !== 'bridge') return;
  const { stdout } = await exec(['ip', '-oneline', 'link', 'show', 'master', name]);
  if (stdout.trim() === '') await exec(['ip', 'link', 'delete', name]);
}

/** Makes it so, by one run of `ip`. */
export async function correctNetwork(
  resource: NetworkResource,
  networks: readonly NetworkResource[],
): Promise<void> {
  const troubles = async (): Promise<readonly string[]> => {
    const [sight] = await lookAtAll([resource]);
    return sight === undefined ? [] : correction(resource, networks, sight);
  };
  const lines = await troubles();
  if (lines.length === 0) return;
  // One that fails must not keep the others from being tried.
  const input = `${lines.join('\n')}\n`;
  const { code, stderr } = await exec(['ip', '-force', '-batch', '-'], { input, timeoutMs: 30_000 });
  // At a start of the machine the unit makes the same at the same time: then one of both comes too late.
  if (code === 0 || (await troubles()).length === 0) return;
  if (resource.link === 'given' && (await linkState(resource.interface)) === undefined) {
    throw new BallastError('not-found', `the machine has no interface ${resource.interface}`, {
      fix: 'see what the unit that makes it says',
    });
  }
  throw new BallastError('command-failed', `${resource.id} could not be made as it is to be`, {
    log: tail(stderr),
  });
}
