import type { Policy } from '#plan/model.ts';
import { containerSubnet } from '#plan/schedule/address.ts';
import type { Fixtures } from './fixtures.ts';
import type { Neighbours, Resource } from './manifest.ts';
import { file } from './resources.ts';
import type { HostRule } from './security/rules.ts';

/** Where agents hear of each other, by UDP on the address that a machine has among containers. */
export const neighboursPort = 7_091;
const origin = 'neighbours';

/** The other machines of the fleet, as this machine's agent is to listen to them. */
export function neighboursOf(
  policy: Policy,
  machine: string,
  { neighboursKey }: Fixtures,
): { readonly neighbours?: Neighbours } {
  const own = policy.machines[machine];
  if (neighboursKey === undefined || own === undefined) return {};
  const machines = Object.values(policy.machines)
    .filter(({ name, leaving }) => name !== machine && leaving === undefined)
    .sort((a, b) => a.index - b.index)
    .map(({ name, address, index }) => ({ machine: name, address, ...containerSubnet(policy.fleet, index) }));
  return { neighbours: { port: neighboursPort, key: neighboursKey, machines } };
}

/** The key by which agents know each other's words: whoever has it is a machine of the fleet. */
export const neighbourResources = ({ neighboursKey }: Fixtures): Resource[] =>
  neighboursKey === undefined
    ? []
    : [file(origin, '/etc/ballast/neighbours.key', { secret: neighboursKey }, { mode: 0o600 })];

/**
 * Neighbours speak from addresses in the containers' network. That it is none of the containers is judged by the
 * containers' table, which knows all machines: this rule stays as it is when machines come and go.
 */
export const neighbourRules = ({ fleet }: Policy, { neighboursKey }: Fixtures): readonly HostRule[] =>
  neighboursKey === undefined
    ? []
    : [
        {
          ...{ direction: 'in', places: [fleet.network.containers], origin },
          ports: (['udp', 'tcp'] as const).map((protocol) => ({
            ...{ protocol, from: neighboursPort, to: neighboursPort },
          })),
          ...{ comment: 'neighbours', words: 'machines of the fleet, which tell each other that they live' },
        },
      ];
