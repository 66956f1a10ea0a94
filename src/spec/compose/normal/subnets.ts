import { type Cidr, contains, overlaps, parseAddress, parseCidr, showAddress, showCidr } from '#base/cidr.ts';
import type { Entry, Tree } from '#spec/yaml/tree.ts';
import { entriesOf, get, itemsOf, textOf } from '#spec/yaml/tree.ts';
import type { Scope } from './scope.ts';

/** A range that a network's services may have addresses of, as it was written. */
interface Range {
  readonly network: string;
  readonly cidr: Cidr;
  readonly tree: Tree;
  /** Addresses of it that no service can have, and what they are. */
  readonly kept: readonly { readonly address: string; readonly what: string }[];
}

const bitsMin = 8;
const bitsMax = 30;

/** `ipam.config` of a network. Nothing that cannot be used is among it: that has been told. */
export const subnetsOf = (scope: Scope, entry: Entry): readonly string[] | undefined => {
  const ranges = rangesOf(scope, entry);
  return ranges.length === 0 ? undefined : ranges.map(({ cidr }) => showCidr(cidr));
};

/** Ranges of the app's networks that meet each other: an address has to say which network it belongs to. */
export function checkSubnets(scope: Scope): void {
  const known: Range[] = [];
  for (const range of networks(scope).flatMap((entry) => rangesOf(scope, entry))) {
    const other = known.find(({ cidr }) => overlaps(cidr, range.cidr));
    known.push(range);
    if (other === undefined) continue;
    scope.source.problems.add('network-overlap', {
      what: `networks.${range.network}: ${showCidr(range.cidr)} overlaps with ${showCidr(other.cidr)} of the network ${other.network}, on line ${other.tree.at.line}`,
      why: 'an address must say which network it belongs to',
      fix: 'choose ranges that do not meet',
      at: range.tree.at,
    });
  }
}

/** Why a service cannot have an address on one of the app's networks; undefined when it can. */
export function whyNotOn(
  scope: Scope,
  network: string,
  address: string,
): { readonly what: string; readonly why?: string; readonly fix: string } | undefined {
  const entry = networks(scope).find(({ key }) => key === network);
  if (parseAddress(address) === undefined) {
    return { what: `${address} is no IPv4 address`, fix: 'write it as 172.16.238.10' };
  }
  // Its range was said by another app: the server knows.
  if (entry !== undefined && get(entry.value, 'external') !== undefined) return undefined;
  const ranges = entry === undefined ? [] : rangesOf(scope, entry);
  if (ranges.length === 0) {
    return {
      what: `the network ${network} has no subnet that ${address} could be of`,
      fix: `add it: networks: { ${network}: { ipam: { config: [{ subnet: ${subnetAround(address)} }] } } }`,
    };
  }
  const range = ranges.find(({ cidr }) => contains(cidr, address));
  if (range === undefined) {
    const all = ranges.map(({ cidr }) => showCidr(cidr)).join(' and ');
    return {
      what: `${address} is not of the network ${network}, which is ${all}`,
      fix: 'choose one of it, or correct the subnet',
    };
  }
  const kept = range.kept.find((one) => one.address === address);
  return (
    kept && { what: `${address} is ${kept.what} of the network ${network}`, fix: 'choose another address' }
  );
}

const subnetAround = (address: string): string => address.replace(/\d+$/, '0/24');

const networks = (scope: Scope): readonly Entry[] =>
  entriesOf(get(scope.root, 'networks')).filter(({ key }) => !key.startsWith('x-'));

function rangesOf(scope: Scope, { key: network, value }: Entry): readonly Range[] {
  return itemsOf(get(value, 'ipam', 'config')).flatMap((item) => {
    const tree = get(item, 'subnet');
    const text = textOf(tree);
    if (tree === undefined || text === undefined) return [];
    const cidr = parseCidr(text);
    if (cidr === undefined || cidr.bits < bitsMin || cidr.bits > bitsMax) {
      badSubnet(scope, network, { tree, text });
      return [];
    }
    const last = cidr.base + cidr.size - 1;
    const named = [
      { tree: get(item, 'gateway'), what: 'the gateway' },
      ...entriesOf(get(item, 'aux_addresses')).map((aux) => ({
        tree: aux.value,
        what: `the address of ${aux.key}`,
      })),
    ];
    const kept = named.flatMap((one) => keptOf(scope, network, { ...one, cidr }));
    return [
      {
        ...{ network, cidr, tree },
        kept: [
          { address: showAddress(cidr.base), what: 'the first address' },
          { address: showAddress(last), what: 'the broadcast address' },
          ...kept,
        ],
      },
    ];
  });
}

function badSubnet(scope: Scope, network: string, { tree, text }: { tree: Tree; text: string }): void {
  scope.source.problems.add('bad-network', {
    what: `networks.${network}: subnet: ${text} cannot be used`,
    why: text.includes(':')
      ? 'the container network of a fleet is IPv4'
      : parseCidr(text) === undefined
        ? 'it is no IPv4 network, or its address has bits set behind the prefix'
        : `it has to be a /${bitsMin} to a /${bitsMax}`,
    fix: 'for example 172.16.238.0/24',
    at: tree.at,
  });
}

/** An address that is kept free, if it is of the range. */
function keptOf(
  scope: Scope,
  network: string,
  { tree, what, cidr }: { tree: Tree | undefined; what: string; cidr: Cidr },
): Range['kept'] {
  const address = textOf(tree);
  if (tree === undefined || address === undefined) return [];
  if (contains(cidr, address)) return [{ address, what }];
  scope.source.problems.add('bad-address', {
    what: `networks.${network}: ${what} ${address} is not of the subnet ${showCidr(cidr)}`,
    fix: 'choose an address of it',
    at: tree.at,
  });
  return [];
}
