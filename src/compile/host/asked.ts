import { showOrigin } from '#base/result.ts';
import { poolOf } from '#plan/machines/pool.ts';
import type { Policy } from '#plan/model.ts';
import type { PoolModel } from '#spec/fleet-model.ts';
import type { HostModel } from '#spec/host-model.ts';

/** The baseline that people asked for on one machine, and where they wrote each part of it. */
export interface Asked {
  readonly host: HostModel;
  /** `users`, `ana` -> `fleet.yaml:12:5`. */
  readonly origin: (key: keyof HostModel, name?: string) => string;
  /** Values of `{{machine.name}}` and the like. */
  readonly facts: Readonly<Record<string, string>>;
  /** `name@version` of a secret of the fleet. */
  readonly secret: (name: string) => string;
}

export function askedOf(policy: Policy, machine: string): Asked | undefined {
  const { fleet, fleetOrigins = {} } = policy;
  const pool = poolOf(fleet, machine);
  const host = pool?.host ?? fleet.host;
  if (host === undefined) return undefined;
  const prefix = pool?.host === undefined ? 'host' : `machines.${pool.name}.host`;
  return {
    host,
    facts: factsOf(policy, machine, pool),
    secret: (name) => `${name}@${policy.hostSecrets?.[name] ?? 0}`,
    origin(key, name) {
      const written = writtenKeys[key] ?? key;
      const at =
        (name === undefined ? undefined : fleetOrigins[`${prefix}.${written}.${name}`]) ??
        fleetOrigins[`${prefix}.${written}`];
      return at === undefined ? `${prefix}.${written}` : showOrigin(at);
    },
  };
}

/** Keys that people write otherwise than the model does. */
const writtenKeys: Partial<Record<keyof HostModel, string>> = { sshKeys: 'ssh_keys' };

function factsOf({ fleet, machines }: Policy, machine: string, pool: PoolModel | undefined): Asked['facts'] {
  const { address = '', index = 0, labels = pool?.labels ?? {} } = machines[machine] ?? {};
  return {
    'machine.name': machine,
    'machine.address': address,
    'machine.index': String(index),
    'machine.pool': pool?.name ?? '',
    'fleet.name': fleet.name,
    ...Object.fromEntries(Object.entries(labels).map(([key, value]) => [`labels.${key}`, value])),
  };
}
