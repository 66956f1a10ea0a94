import type { FleetModel, PoolModel } from '#spec/fleet-model.ts';

/** Names of the machines a pool asks for. */
export function machinesOf(pool: PoolModel): readonly string[] {
  if (pool.count === undefined) return [pool.name];
  return Array.from({ length: pool.count }, (_, i) => `${pool.name}-${i + 1}`);
}

/** The pool a machine belongs to by its name. */
export function poolOf(fleet: FleetModel, machine: string): PoolModel | undefined {
  return Object.values(fleet.pools).find((pool) => machinesOf(pool).includes(machine));
}
