import { parseAddress, parseCidr } from '#base/cidr.ts';
import type { ContainerResource, Manifest, Neighbour } from '#compile/manifest.ts';
import type { ReplicaReport } from '#plan/model.ts';

/** What keeps an address from serving. `gone`: nobody is there. `unwell`: it runs and is not, or not yet, healthy. */
export type Trouble = 'gone' | 'unwell';

/** How a replica is, as its machine tells others. `presumed` well: so it was before this program started. */
export type Condition = Trouble | 'well' | 'presumed';

/** By address. */
export type Conditions = ReadonlyMap<string, Condition>;

/**
 * How the replicas of this machine are, given how they were. One that is starting is not well before it was seen to
 * be; a program that has just started does not know yet, and takes its predecessor's word for it.
 */
export function conditionsOf(
  manifest: Manifest,
  reports: readonly ReplicaReport[],
  before: Conditions,
): Conditions {
  const states = new Map(reports.map(({ id, state }) => [id, state]));
  return new Map(
    served(manifest).map(({ name, address }) => [
      address,
      conditionOf(states.get(name), before.get(address) ?? 'gone'),
    ]),
  );
}

function conditionOf(state: ReplicaReport['state'] | undefined, before: Condition): Condition {
  switch (state) {
    case 'running':
      return 'well';
    case 'unhealthy':
      return 'unwell';
    case 'starting':
      return before === 'presumed' ? before : 'unwell';
    case undefined:
      return before === 'presumed' ? before : 'gone';
    case 'restarting':
    case 'failed':
    case 'completed':
    case 'stopped':
      return 'gone';
  }
}

const served = ({ resources }: Manifest): readonly ContainerResource[] =>
  resources.filter(
    (resource) => resource.kind === 'container' && resource.address !== '' && !resource.job,
  ) as readonly ContainerResource[];

/** What a machine says of itself: addresses that have trouble. All others of its network are well. */
export interface Word {
  readonly gone: readonly string[];
  readonly unwell: readonly string[];
}

export const wordOf = (conditions: Conditions): Word => {
  const those = (which: Trouble): readonly string[] =>
    [...conditions].flatMap(([address, condition]) => (condition === which ? [address] : [])).sort();
  return { gone: those('gone'), unwell: those('unwell') };
};

export interface Surroundings {
  /** How this machine's own replicas are. */
  readonly own: Conditions;
  /** The last word of each neighbour, by machine. */
  readonly words: ReadonlyMap<string, Word>;
  /** Neighbours that neither speak nor answer. */
  readonly away: ReadonlySet<string>;
}

export type TroubleOf = (address: string) => Trouble | undefined;

/**
 * What keeps addresses from serving, as seen from this machine. Neighbours that are away are gone, unless so many are
 * that it is rather this machine which is cut off: then others are passed over only where somebody else is there.
 */
export function troublesOf(neighbours: readonly Neighbour[], { own, words, away }: Surroundings): TroubleOf {
  const silent = neighbours.filter(({ machine }) => away.has(machine));
  const verdict: Trouble = silent.length * 2 > neighbours.length ? 'unwell' : 'gone';
  const found = new Map<string, Trouble>();
  for (const [address, condition] of own)
    if (condition === 'gone' || condition === 'unwell') found.set(address, condition);
  for (const { machine } of neighbours) {
    const word = words.get(machine);
    for (const address of word?.gone ?? []) found.set(address, 'gone');
    for (const address of word?.unwell ?? []) found.set(address, 'unwell');
  }
  const networks = silent.map(({ cidr }) => cidr);
  const hosts = new Set(silent.map(({ address }) => address));
  return (address) =>
    hosts.has(address) || networks.some((cidr) => isWithin(address, cidr)) ? verdict : found.get(address);
}

export function isWithin(address: string, cidr: string): boolean {
  const number = parseAddress(address);
  const network = parseCidr(cidr);
  if (number === undefined || network === undefined) return false;
  return number >= network.base && number < network.base + network.size;
}
