import { overlaps, parseCidr } from '#base/cidr.ts';
import { BallastError } from '#base/errors.ts';
import { same } from '#base/json.ts';
import type { Problem } from '#base/result.ts';
import { machinesOf } from '#plan/machines/pool.ts';
import type { MachineRecord, Policy } from '#plan/model.ts';
import { keys } from '#server/keys.ts';
import { type FleetModel, isMade } from '#spec/fleet-model.ts';
import type { Origins } from '#spec/model.ts';
import type { Output } from '#wire/operations.ts';
import type { Control } from './context.ts';
import { newRecords } from './machine-records.ts';

/**
 * Takes a fleet file as what people want. Machines of provider `local` are recorded here, before anything makes
 * them, so that a crash leaves none that nobody knows. Machines reached by ssh join one by one.
 */
export async function applyFleet(
  control: Control,
  fleet: FleetModel,
  by: string,
  origins: Origins = {},
): Promise<Output<'applyFleet'>> {
  const { state } = control;
  return await state.exclusive(async () => {
    const { names, missing, labelled, problems } = fleetChange(state.policy, fleet);
    if (problems.length > 0) {
      throw new BallastError('conflict', `the fleet ${fleet.name} cannot be made so; nothing was changed`, {
        problems,
      });
    }
    if (
      missing.length === 0 &&
      labelled.length === 0 &&
      same([state.policy.fleet, state.policy.fleetOrigins ?? {}], [fleet, origins])
    ) {
      return { plan: state.plan.number, machines: names };
    }
    const { set } = await newRecords(control, fleet, missing);
    await state.commit({
      set: {
        [keys.fleet]: fleet,
        [keys.fleetOrigins]: origins,
        ...set,
        ...Object.fromEntries(labelled.map((record) => [keys.machine(record.name), record])),
      },
      bump: true,
      events: [
        {
          kind: 'fleet',
          by,
          cause: 'intentional',
          what: `the fleet ${fleet.name} was set${missing.length > 0 ? `; new: ${missing.map(({ name }) => name).join(', ')}` : ''}`,
        },
      ],
    });
    return { plan: state.plan.number, machines: names };
  });
}

export interface FleetChange {
  /** All machines that the file names; of those that others make, the ones that are there: nobody waits for the rest. */
  readonly names: readonly string[];
  /** Machines to make. */
  readonly missing: readonly Pick<MachineRecord, 'name' | 'provider' | 'labels'>[];
  /** Machines that are there and get other labels. */
  readonly labelled: readonly MachineRecord[];
  readonly problems: readonly Problem[];
}

/** What a fleet file means for the machines there are. */
export function fleetChange(policy: Policy, fleet: FleetModel): FleetChange {
  const pools = Object.values(fleet.pools);
  return {
    names: pools.flatMap((pool) =>
      machinesOf(pool).filter((name) => pool.provider !== 'user-data' || name in policy.machines),
    ),
    labelled: pools.flatMap((pool) =>
      machinesOf(pool).flatMap((name): MachineRecord[] => {
        const there = policy.machines[name];
        return there && !same(there.labels, pool.labels) ? [{ ...there, labels: pool.labels }] : [];
      }),
    ),
    missing: pools.flatMap((pool) =>
      isMade(pool.provider)
        ? machinesOf(pool)
            .filter((name) => !(name in policy.machines))
            .map((name) => ({ name, provider: pool.provider, labels: pool.labels }))
        : [],
    ),
    problems: [...shapeProblems(fleet), ...changeProblems(fleet, policy)],
  };
}

function shapeProblems(fleet: FleetModel): readonly Problem[] {
  const problems: Problem[] = [];
  const seen = new Map<string, string>();
  for (const pool of Object.values(fleet.pools)) {
    for (const name of machinesOf(pool)) {
      const other = seen.get(name);
      if (other !== undefined && other !== pool.name) {
        problems.push({
          code: 'name-clash',
          what: `the pools ${other} and ${pool.name} both have a machine ${name}`,
        });
      }
      seen.set(name, pool.name);
    }
  }
  const machines = parseCidr(fleet.network.machines);
  const containers = parseCidr(fleet.network.containers);
  if (machines === undefined) problems.push(noNetwork('network.machines', fleet.network.machines));
  if (containers === undefined) problems.push(noNetwork('network.containers', fleet.network.containers));
  if (machines && containers && overlaps(machines, containers)) {
    problems.push({ code: 'network-clash', what: 'network.machines and network.containers overlap' });
  }
  return problems;
}

const noNetwork = (key: string, text: string): Problem => ({
  code: 'bad-network',
  what: `${key}: ${text} is no IPv4 network`,
  fix: 'write it as 10.90.0.0/16',
});

/** What cannot be changed while machines live by it. */
function changeProblems(fleet: FleetModel, policy: Policy): readonly Problem[] {
  const there = Object.values(policy.machines);
  if (there.length === 0) return [];
  const problems: Problem[] = [];
  for (const key of ['machines', 'containers'] as const) {
    if (fleet.network[key] === policy.fleet.network[key]) continue;
    problems.push({
      code: 'network-in-use',
      what: `network.${key} cannot change from ${policy.fleet.network[key]} to ${fleet.network[key]}`,
      why: 'machines and containers have addresses of it',
    });
  }
  const asked = new Set(Object.values(fleet.pools).flatMap(machinesOf));
  const formerly = new Set(Object.values(policy.fleet.pools).flatMap(machinesOf));
  for (const { name } of there) {
    if (asked.has(name) || !formerly.has(name)) continue;
    problems.push({
      code: 'machine-in-use',
      what: `the fleet file no longer names ${name}, which is part of the fleet`,
      why: 'a machine goes only when it is asked for by name, for its data goes with it',
      fix: `ballast machine rm ${name}`,
    });
  }
  return problems;
}
