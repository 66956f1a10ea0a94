import { showOrigin } from '#base/result.ts';
import type { Policy } from '#plan/model.ts';
import type { PoolModel } from '#spec/fleet-model.ts';
import type { HostModel } from '#spec/host-model.ts';

/** The baseline that people asked for on one machine, and where they wrote each part of it. */
export interface Asked {
  readonly host: HostModel;
  /** `users`, `ana` -> `fleet.yaml:12:5`. */
  readonly origin: (key: keyof HostModel, name?: string) => string;
}

export function askedOf({ fleet, fleetOrigins = {} }: Policy, machine: string): Asked | undefined {
  const pool = Object.values(fleet.pools).find((one) => isIn(one, machine));
  const host = pool?.host ?? fleet.host;
  if (host === undefined) return undefined;
  const prefix = pool?.host === undefined ? 'host' : `machines.${pool.name}.host`;
  return {
    host,
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
const writtenKeys: Partial<Record<keyof HostModel, string>> = {};

function isIn({ name, count }: PoolModel, machine: string): boolean {
  if (count === undefined) return machine === name;
  const number = Number(machine.startsWith(`${name}-`) ? machine.slice(name.length + 1) : Number.NaN);
  return Number.isInteger(number) && number >= 1 && number <= count;
}
