import { poolOf } from '#plan/machines/pool.ts';
import type { Inventory, MachineFacts, MachineReport, Policy } from '#plan/model.ts';
import type { FleetModel } from '#spec/fleet-model.ts';
import type { Control } from './context.ts';
import { fleetChange } from './fleet.ts';
import { newRecords } from './machine-records.ts';

export interface Imagined {
  readonly policy: Policy;
  readonly inventory: Inventory;
}

/**
 * The fleet as it would be with a fleet file applied: machines that Ballast makes itself are there and have the size
 * they were given, else that of those like them. A machine reached by ssh is not counted on before it joined.
 */
export async function imagine(control: Control, fleet: FleetModel): Promise<Imagined> {
  const { policy } = control.state;
  const { missing, labelled, surplus, wanted } = fleetChange(policy, fleet);
  const going = new Set(surplus.map(({ name }) => name));
  const { records } = await newRecords(control, fleet, missing);
  const inventory = control.inventory();
  const model = largest(inventory);
  const reports = records.flatMap(({ name }): [string, MachineReport][] => {
    const size = poolOf(fleet, name)?.size ?? {};
    if (model === undefined && (size.cpus === undefined || size.memoryBytes === undefined)) return [];
    const facts = { ...(model ?? unknownFacts), ...size, hostname: name };
    return [[name, reportOf(name, facts, control.state.now())]];
  });
  return {
    policy: {
      ...policy,
      fleet,
      machines: {
        ...Object.fromEntries(Object.entries(policy.machines).filter(([name]) => !going.has(name))),
        ...Object.fromEntries([...labelled, ...wanted, ...records].map((record) => [record.name, record])),
      },
    },
    inventory: { machines: { ...inventory.machines, ...Object.fromEntries(reports) } },
  };
}

/** A machine without a size of its own gets all that its host has. */
function largest({ machines }: Inventory): MachineFacts | undefined {
  return Object.values(machines)
    .map(({ facts }) => facts)
    .toSorted((a, b) => b.memoryBytes - a.memoryBytes)[0];
}

const unknownFacts: MachineFacts = {
  ...{ hostname: '', cpus: 0, memoryBytes: 0, diskFreeBytes: 0, arch: '', os: '', kernel: '' },
  ...{ podman: '', agent: '', bootId: '' },
};

const reportOf = (machine: string, facts: MachineFacts, seenAt: number): MachineReport => ({
  ...{ machine, connected: true, seenAt, converged: 0, facts, replicas: {}, failures: [] },
});
