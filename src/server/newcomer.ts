import { BallastError } from '#base/errors.ts';
import type { MachineNetwork } from '#plan/machine-network.ts';
import { meets, showNetwork } from '#plan/machine-networks.ts';
import type { Policy } from '#plan/model.ts';
import { fleetRanges, subnetsOf } from '#plan/subnets.ts';

/** A machine that asks to join, as it says of itself. */
export interface Newcomer {
  readonly token: string;
  readonly csr: string;
  /** Where other machines reach it. */
  readonly address?: string;
  /** Networks that it has apart from the fleet's. */
  readonly networks?: readonly MachineNetwork[];
}

/** Refuses a machine that already has a network where the fleet has its own, before anything on it is changed. */
export function refuseMeeting(policy: Policy, machine: string, networks: readonly MachineNetwork[]): void {
  const ranges = [
    // Where machines themselves are, it may well be.
    ...fleetRanges(policy.fleet).filter(({ what }) => what !== 'network.machines'),
    ...subnetsOf(policy).map((cidr) => ({ what: 'the subnet of a Compose network', cidr })),
  ];
  for (const { what, cidr } of ranges) {
    const met = meets(cidr, networks);
    if (met === undefined) continue;
    throw new BallastError('refused', `${machine} cannot join: it has a network that the fleet uses`, {
      why: `${what} ${cidr} meets ${showNetwork(met)}`,
      fix: what.startsWith('network.')
        ? `remove that from the machine, or make a fleet with another ${what}`
        : 'remove that from the machine, or choose another subnet for the network',
    });
  }
}
