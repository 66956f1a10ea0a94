import { contains, overlaps, parseCidr } from '#base/cidr.ts';
import type { Problem } from '#base/result.ts';
import type { MachineNetwork } from './machine-network.ts';
import type { Inventory } from './model.ts';

/** A range that somebody wants the fleet to have, and what it is called. */
export interface Range {
  readonly what: string;
  readonly cidr: string;
  readonly at?: Problem['at'];
}

/** A network that a machine has apart from the fleet and that a range of the fleet's would take away from it. */
export function meets(range: string, networks: readonly MachineNetwork[]): MachineNetwork | undefined {
  const wanted = parseCidr(range);
  return networks.find(({ cidr, routed }) => {
    const there = parseCidr(cidr);
    if (wanted === undefined || there === undefined) return false;
    // A wide route to elsewhere is no hindrance: narrower ones go before it, as they do before the way to the world.
    return routed ? contains(wanted, there) : overlaps(wanted, there);
  });
}

export const showNetwork = ({ interface: name, cidr, routed }: MachineNetwork): string =>
  routed ? `a route to ${cidr} by ${name}` : `${cidr} on ${name}`;

/** Ranges that meet what machines have themselves, machine by machine. */
export function metOnMachines({ machines }: Inventory, ranges: readonly Range[]): readonly Problem[] {
  return ranges.flatMap(({ what, cidr, at }) =>
    Object.values(machines).flatMap(({ machine, facts }) => {
      const met = meets(cidr, facts.networks ?? []);
      return met === undefined
        ? []
        : [
            {
              code: 'network-on-machine',
              what: `${what} ${cidr} meets a network of ${machine}: ${showNetwork(met)}`,
              why: 'what the machine reaches there it would no longer find, or the containers not each other',
              fix: 'choose a range that none of the machines has',
              ...(at ? { at } : {}),
            },
          ];
    }),
  );
}
