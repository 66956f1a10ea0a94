import { must } from '#base/assert.ts';
import { nthAddress, nthSubnet, parseCidr, showCidr } from '#base/cidr.ts';
import type { FleetModel } from '#spec/fleet-model.ts';

/** The /24 that a machine's containers live in: the index-th of the fleet's container network. */
export function containerSubnet(
  fleet: FleetModel,
  index: number,
): { readonly cidr: string; readonly gateway: string } {
  const network = must(parseCidr(fleet.network.containers), 'container network');
  const subnet = must(nthSubnet(network, 24, index), `subnet ${index} of ${fleet.network.containers}`);
  return { cidr: showCidr(subnet), gateway: must(nthAddress(subnet, 1), 'gateway') };
}

const firstHost = 10;
const lastHost = 250;
/** How many containers of one machine can have an address of their own. */
export const addressesMax = lastHost - firstHost + 1;

/**
 * A free address of the machine's subnet, or undefined when all are taken. The search starts at a place that
 * moves with the plan's number, so that an address just freed is not given to the next container while the old
 * one is still stopping.
 */
export function freeAddress(
  fleet: FleetModel,
  index: number,
  taken: ReadonlySet<string>,
  plan: number,
): string | undefined {
  const network = must(parseCidr(fleet.network.containers), 'container network');
  for (let step = 0; step < addressesMax; step += 1) {
    const host = firstHost + ((plan + step) % addressesMax);
    const address = nthAddress(network, index * 256 + host);
    if (address !== undefined && !taken.has(address)) return address;
  }
  return undefined;
}
