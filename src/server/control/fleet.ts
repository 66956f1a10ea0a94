import { BallastError } from '#base/errors.ts';
import { same } from '#base/json.ts';
import type { Problem } from '#base/result.ts';
import { machinesOf } from '#plan/machines/pool.ts';
import type { MachineRecord, Policy } from '#plan/model.ts';
import { keys } from '#server/keys.ts';
import { type FleetModel, isMade } from '#spec/fleet-model.ts';
import type { Origins } from '#spec/model.ts';
import type { Output } from '#wire/operations.ts';
import { rulesProblems } from './access-rules.ts';
import type { Control } from './context.ts';
import { forceableProblems } from './forceable.ts';
import { hostSecrets } from './host-secrets.ts';
import { closedProblems, forceFirewall } from './lock-out.ts';
import { newRecords } from './machine-records.ts';
import { rangeChanges, rangeProblems } from './network-checks.ts';
import { groupsInUse } from './rule-checks.ts';

/**
 * Takes a fleet file as what people want. Machines of provider `local` are recorded here, before anything makes
 * them, so that a crash leaves none that nobody knows. Machines reached by ssh join one by one.
 */
export async function applyFleet(
  control: Control,
  fleet: FleetModel,
  by: string,
  { origins = {}, force = [] }: { readonly origins?: Origins; readonly force?: readonly string[] } = {},
): Promise<Output<'applyFleet'>> {
  const { state } = control;
  return await state.exclusive(async () => {
    const { policy } = state;
    const { names, missing, labelled, surplus, wanted, ...rest } = fleetChange(policy, fleet);
    const host = await hostSecrets(fleet, origins, control.secrets);
    const closed = force.includes(forceFirewall) ? [] : await closedProblems(control, fleet, origins);
    const problems = [
      ...rest.problems,
      ...rangeProblems(fleet, origins),
      ...rangeChanges({ policy, inventory: control.inventory() }, fleet, origins),
      ...forceableProblems(control, { fleet, origins, surplus, force }),
      ...host.problems,
      ...closed,
    ];
    if (problems.length > 0) {
      throw new BallastError('refused', `the fleet ${fleet.name} cannot be made so; nothing was changed`, {
        problems,
      });
    }
    if (
      missing.length === 0 &&
      labelled.length === 0 &&
      surplus.length === 0 &&
      wanted.length === 0 &&
      same(
        [policy.fleet, policy.fleetOrigins ?? {}, policy.hostSecrets ?? {}],
        [fleet, origins, host.versions],
      )
    ) {
      return { plan: state.plan.number, machines: names, leaving: leavingMachines(policy, fleet) };
    }
    const { set } = await newRecords(control, fleet, missing);
    await state.commit({
      set: {
        [keys.fleet]: fleet,
        [keys.fleetOrigins]: origins,
        [keys.hostSecrets]: host.versions,
        ...set,
        ...Object.fromEntries(
          [...labelled, ...wanted, ...surplus.map((record) => retiring(record, force, by, state.now()))].map(
            (record) => [keys.machine(record.name), record],
          ),
        ),
      },
      bump: true,
      events: [
        {
          kind: 'fleet',
          by,
          cause: 'intentional',
          what: `the fleet ${fleet.name} was set${told('new', missing)}${told('to be drained and to go', surplus)}`,
        },
      ],
    });
    return { plan: state.plan.number, machines: names, leaving: leavingMachines(state.policy, fleet) };
  });
}

const told = (what: string, machines: readonly { readonly name: string }[]): string =>
  machines.length === 0 ? '' : `; ${what}: ${machines.map(({ name }) => name).join(', ')}`;

/** A machine on its way out: its replicas move first. */
function retiring(machine: MachineRecord, force: readonly string[], by: string, now: number): MachineRecord {
  const forced = force.includes(machine.name) ? { force: true } : {};
  return { ...machine, schedulable: false, draining: { since: now, then: 'leave', by, ...forced } };
}

/** Machines that a file does not name and that are still there, on their way out. */
const leavingMachines = (policy: Policy, fleet: FleetModel): readonly string[] => {
  const asked = new Set(Object.values(fleet.pools).flatMap(machinesOf));
  return Object.values(policy.machines)
    .filter(({ name, draining }) => !asked.has(name) && draining?.then === 'leave')
    .map(({ name }) => name);
};

export interface FleetChange {
  /** All machines that the file names; of those that others make, the ones that are there: nobody waits for the rest. */
  readonly names: readonly string[];
  /** Machines to make. */
  readonly missing: readonly Pick<MachineRecord, 'name' | 'provider' | 'labels'>[];
  /** Machines that are there and get other labels. */
  readonly labelled: readonly MachineRecord[];
  /** Machines that Ballast made and that nobody asks for any more. */
  readonly surplus: readonly MachineRecord[];
  /** Machines that were on their way out and are asked for again. */
  readonly wanted: readonly MachineRecord[];
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
    ...comings(policy, fleet),
    problems: [
      ...shapeProblems(fleet),
      ...changeProblems(fleet, policy),
      ...rulesProblems(fleet, policy),
      ...groupsInUse(fleet, policy),
    ],
  };
}

function comings(policy: Policy, fleet: FleetModel): Pick<FleetChange, 'surplus' | 'wanted'> {
  const asked = new Set(Object.values(fleet.pools).flatMap(machinesOf));
  const formerly = new Set(Object.values(policy.fleet.pools).flatMap(machinesOf));
  const all = Object.values(policy.machines);
  return {
    surplus: all.filter(
      ({ name, provider, draining }) =>
        isMade(provider) && formerly.has(name) && !asked.has(name) && draining?.then !== 'leave',
    ),
    wanted: all
      .filter(({ name, draining }) => asked.has(name) && draining?.then === 'leave')
      .map(({ draining: _, ...rest }) => ({ ...rest, schedulable: true })),
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
  return problems;
}

/** What cannot be changed while machines live by it. */
function changeProblems(fleet: FleetModel, policy: Policy): readonly Problem[] {
  const there = Object.values(policy.machines);
  if (there.length === 0) return [];
  const problems: Problem[] = [];
  for (const { name, on } of there) {
    if (on === undefined || fleet.incus?.[on] !== undefined) continue;
    problems.push({
      code: 'incus-in-use',
      what: `the fleet file no longer describes the Incus server ${on}, and ${name} is on it`,
      fix: `put ${name} out first: ballast machine rm ${name}`,
    });
  }
  const asked = new Set(Object.values(fleet.pools).flatMap(machinesOf));
  const formerly = new Set(Object.values(policy.fleet.pools).flatMap(machinesOf));
  for (const { name, provider } of there) {
    if (asked.has(name) || !formerly.has(name) || isMade(provider)) continue;
    problems.push({
      code: 'machine-in-use',
      what: `the fleet file no longer names ${name}, which is part of the fleet`,
      why: 'a machine goes only when it is asked for by name, for its data goes with it',
      fix: `ballast machine rm ${name}`,
    });
  }
  return problems;
}
