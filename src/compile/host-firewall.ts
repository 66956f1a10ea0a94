import type { Policy } from '#plan/model.ts';
import type { Fixtures } from './fixtures.ts';
import type { Resource } from './manifest.ts';
import { tableText } from './nft/text.ts';
import { file } from './resources.ts';
import { groupsOf, hostRules, isShutIn } from './security/rules.ts';
import { hostTable, hostTableObjects } from './security/table.ts';

export const hostFirewallPath = '/etc/ballast/firewall-host.nft';
export const hostFirewallId = `firewall:inet/${hostTable}`;
const origin = 'firewall';
/** A wrong rule keeps the machine from the control plane. */
const confirm = true;

/**
 * The table for the machine itself. It is apart from the one for containers, which changes with every rollout: this
 * one changes with the fleet file and the machines, and each time the machine proves that it is reached still. Its
 * file is loaded at boot by the unit of the other table.
 */
export function hostFirewallResources(policy: Policy, machine: string, fixtures: Fixtures): Resource[] {
  const objects = hostTableObjects(hostRules(policy, machine, fixtures), {
    shutIn: isShutIn(groupsOf(policy, machine)),
    containers: policy.fleet.network.containers,
  });
  const content = tableText({ family: 'inet', table: hostTable, objects });
  return [
    file(origin, hostFirewallPath, { content }, { mode: 0o600, confirm, after: [hostFirewallId] }),
    {
      ...{ kind: 'firewall', id: hostFirewallId, family: 'inet', table: hostTable, objects },
      ...{ after: ['package:nftables'], origin, confirm },
    },
  ];
}
