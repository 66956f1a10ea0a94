import { type Cidr, overlaps, parseCidr } from '#base/cidr.ts';
import type { Problem } from '#base/result.ts';
import { metOnMachines } from '#plan/machine-networks.ts';
import type { Inventory, Policy } from '#plan/model.ts';
import { addressClashes } from '#plan/subnets.ts';
import { type FleetModel, servicesDefault } from '#spec/fleet-model.ts';
import type { Origins } from '#spec/model.ts';

const keys = ['machines', 'containers', 'services'] as const;
type Key = (typeof keys)[number];

const rangeOf = ({ network }: FleetModel, key: Key): string => network[key] ?? servicesDefault;

/** Where a range was written, or would have been. */
const placeOf = (origins: Origins, key: Key): Pick<Problem, 'at'> => {
  const at = origins[`network.${key}`] ?? origins['network'] ?? origins['fleet'];
  return at ? { at } : {};
};

/** What is wrong with the ranges of a fleet in themselves. */
export function rangeProblems(fleet: FleetModel, origins: Origins): readonly Problem[] {
  const problems: Problem[] = [];
  const known: { readonly key: Key; readonly cidr: Cidr }[] = [];
  for (const key of keys) {
    const cidr = parseCidr(rangeOf(fleet, key));
    if (cidr === undefined) {
      problems.push({
        code: 'bad-network',
        what: `network.${key}: ${rangeOf(fleet, key)} is no IPv4 network`,
        fix: 'write it as 10.90.0.0/16',
        ...placeOf(origins, key),
      });
      continue;
    }
    for (const other of known.filter((one) => overlaps(one.cidr, cidr))) {
      problems.push({
        code: 'network-clash',
        what: `network.${other.key} and network.${key} overlap`,
        ...placeOf(origins, key),
      });
    }
    known.push({ key, cidr });
  }
  return problems;
}

/**
 * Ranges cannot change while somebody has addresses of them; new ones must not meet what machines have themselves, nor
 * the subnets of apps.
 */
export function rangeChanges(
  { policy, inventory }: { readonly policy: Policy; readonly inventory: Inventory },
  fleet: FleetModel,
  origins: Origins,
): readonly Problem[] {
  const changed = keys.filter((key) => rangeOf(fleet, key) !== rangeOf(policy.fleet, key));
  const inUse = changed.filter((key) => isUsed(policy, key));
  const fresh = changed.filter((key) => key !== 'machines' && !inUse.includes(key));
  const wanted = Object.values(policy.apps).flatMap(({ wanted: number, releases }) =>
    number === null ? [] : (releases[number] ?? []),
  );
  return [
    ...inUse.map((key) => ({
      code: 'network-in-use',
      what: `network.${key} cannot change from ${rangeOf(policy.fleet, key)} to ${rangeOf(fleet, key)}`,
      why:
        key === 'services'
          ? 'services have addresses of it, and containers know them by these'
          : 'machines and containers have addresses of it',
      fix:
        key === 'services'
          ? 'keep it, or remove the apps first: ballast rm'
          : 'keep it; another range needs a fleet that has no machines yet',
      ...placeOf(origins, key),
    })),
    ...metOnMachines(
      inventory,
      fresh.map((key) => ({
        ...{ what: `network.${key}`, cidr: rangeOf(fleet, key) },
        ...placeOf(origins, key),
      })),
    ),
    ...(fresh.length === 0
      ? []
      : wanted.flatMap((release) => addressClashes({ ...policy, fleet }, release, { machines: {} }))),
  ];
}

const isUsed = ({ machines, apps }: Policy, key: Key): boolean =>
  key === 'services'
    ? Object.values(apps).some(({ wanted }) => wanted !== null)
    : Object.keys(machines).length > 0;
