import { contains, overlaps, parseCidr } from '#base/cidr.ts';
import { type Problem, showOrigin } from '#base/result.ts';
import type { FleetModel } from '#spec/fleet-model.ts';
import { metOnMachines, type Range } from './machine-networks.ts';
import type { Inventory, Plan, Policy, Release } from './model.ts';
import { servicesNetwork } from './services.ts';

/** A subnet of a Compose network, and whose it is. */
interface Subnet {
  readonly app: string;
  readonly network: string;
  readonly key: string;
  readonly cidr: string;
  readonly at?: Problem['at'];
}

/** A service's own address on a Compose network. */
interface Fixed {
  readonly app: string;
  readonly service: string;
  readonly network: string;
  readonly address: string;
  readonly at?: Problem['at'];
}

/** Subnets of all networks of the apps that are wanted, each once. */
export const subnetsOf = (policy: Policy): readonly string[] => [
  ...new Set(wantedReleases(policy).flatMap((release) => subnets(release).map(({ cidr }) => cidr))),
];

/** Subnets that something runs with, or is being made to, each once. */
export function subnetsInUse(policy: Policy, { apps, replicas }: Plan): readonly string[] {
  const used = [
    ...Object.entries(apps).map(([app, { target }]) => ({ app, release: target })),
    ...Object.values(replicas),
  ];
  const releases = new Set(
    used.flatMap(({ app, release }) => policy.apps[app]?.releases[release ?? -1] ?? []),
  );
  return [...new Set([...releases].flatMap((release) => subnets(release).map(({ cidr }) => cidr)))].sort();
}

const wantedReleases = ({ apps }: Policy): readonly Release[] =>
  Object.values(apps).flatMap(({ wanted, releases }) => {
    const release = wanted === null ? undefined : releases[wanted];
    return release === undefined ? [] : [release];
  });

/** The fleet's own ranges, as the fleet file calls them. */
export const fleetRanges = (fleet: FleetModel): readonly Range[] => [
  { what: 'network.machines', cidr: fleet.network.machines },
  { what: 'network.containers', cidr: fleet.network.containers },
  { what: 'network.services', cidr: servicesNetwork(fleet) },
];

/**
 * Subnets and addresses of a release that the fleet has for something else, or another app, or a machine. What a file
 * alone can tell has been told.
 */
export function addressClashes(policy: Policy, release: Release, inventory: Inventory): readonly Problem[] {
  const others = wantedReleases(policy).filter(({ app }) => app !== release.app);
  const own = subnets(release);
  const known = others.flatMap(subnets);
  const taken = others.flatMap(fixed);
  return [
    ...own.flatMap((one) => [...withFleet(one, policy.fleet), ...withOthers(one, known)]),
    ...metOnMachines(
      inventory,
      own.map(({ key, cidr, at }) => ({ what: `networks.${key}: the subnet`, cidr, ...(at ? { at } : {}) })),
    ),
    ...fixed(release).flatMap((one) => [...twice(one, taken), ...nowhere(one, release, known)]),
  ];
}

function withFleet({ key, cidr, at }: Subnet, fleet: FleetModel): readonly Problem[] {
  return fleetRanges(fleet)
    .filter((range) => meet(range.cidr, cidr))
    .map((range) => ({
      code: 'network-clash',
      what: `networks.${key}: the subnet ${cidr} overlaps with ${range.what} ${range.cidr} of the fleet`,
      why: 'an address must say what it belongs to',
      fix: 'choose another subnet',
      ...(at ? { at } : {}),
    }));
}

/** Apps may describe a network that they share, if they describe it alike. */
function withOthers({ key, network, cidr, at }: Subnet, known: readonly Subnet[]): readonly Problem[] {
  return known
    .filter((one) => meet(one.cidr, cidr) && !(one.network === network && one.cidr === cidr))
    .map((one) => ({
      code: 'network-clash',
      what: `networks.${key}: the subnet ${cidr} overlaps with ${one.cidr} of the network ${one.network} of app ${one.app}${one.at ? ` (${showOrigin(one.at)})` : ''}`,
      why: 'an address must say which network it belongs to',
      fix: 'choose another subnet, or share the network: external: true',
      ...(at ? { at } : {}),
    }));
}

function twice({ service, address, at }: Fixed, taken: readonly Fixed[]): readonly Problem[] {
  const other = taken.find((one) => one.address === address);
  if (other === undefined) return [];
  return [
    {
      code: 'address-taken',
      what: `${address} of service ${service} is taken by service ${other.service} of app ${other.app}`,
      why: 'an address leads to one service of the fleet',
      fix: `choose another address, or remove the app that has it: ballast rm ${other.app}`,
      ...(at ? { at } : {}),
    },
  ];
}

/** The range of a network that apps share is said by one of them. */
function nowhere(one: Fixed, release: Release, known: readonly Subnet[]): readonly Problem[] {
  const all = [...subnets(release), ...known].filter(({ network }) => network === one.network);
  if (all.some(({ cidr }) => isOf(cidr, one.address))) return [];
  const found = [...new Set(all.map(({ cidr }) => cidr))].join(' and ');
  return [
    {
      code: 'address-of-none',
      what: `${one.address} of service ${one.service} is not of the network ${one.network}`,
      why: found === '' ? 'no app says which subnet that has' : `that is ${found}`,
      fix: 'deploy the app first that describes the network, with ipam, or choose an address of it',
      ...(one.at ? { at: one.at } : {}),
    },
  ];
}

function subnets({ app, model, origins }: Release): readonly Subnet[] {
  return Object.entries(model.networks).flatMap(([key, { name, subnets: all = [] }]) =>
    all.map((cidr, index) => {
      const at = origins[`networks.${key}.ipam.config.${index}.subnet`] ?? origins[`networks.${key}`];
      return { app, network: name, key, cidr, ...(at ? { at } : {}) };
    }),
  );
}

function fixed({ app, model, origins }: Release): readonly Fixed[] {
  return Object.values(model.services).flatMap(({ name: service, networks }) =>
    Object.entries(networks).flatMap(([key, { address }]) => {
      if (address === undefined) return [];
      const path = `services.${service}.networks.${key}`;
      const at = origins[`${path}.ipv4_address`] ?? origins[path];
      return [{ app, service, network: model.networks[key]?.name ?? key, address, ...(at ? { at } : {}) }];
    }),
  );
}

function meet(a: string, b: string): boolean {
  const [one, other] = [parseCidr(a), parseCidr(b)];
  return one !== undefined && other !== undefined && overlaps(one, other);
}

function isOf(cidr: string, address: string): boolean {
  const range = parseCidr(cidr);
  return range !== undefined && contains(range, address);
}
