import type { ResourcesModel } from '#spec/model.ts';
import { poolOf } from './machines/pool.ts';
import type { Inventory, MachineCondition, MachineRecord, Policy, Replica } from './model.ts';

export interface Amount {
  readonly cpus: number;
  readonly memoryBytes: number;
}

/** A machine as placement sees it. `free` is what no replica, of whatever phase, has reserved. */
export interface Room {
  readonly machine: MachineRecord;
  readonly hostname: string;
  readonly arch: string;
  readonly free: Amount;
  readonly replicas: readonly Replica[];
  /** What the machine runs short of. */
  readonly conditions: readonly MachineCondition[];
}

/**
 * Kept back for the system, sshd, podman and the agent. Measured: an idle machine with the agent uses about
 * 110 MiB; the rest is headroom for a container being started.
 */
export const systemReserve: Amount = { cpus: 0, memoryBytes: 192 * 1024 ** 2 };

/** What is kept back on one machine: what its pool says, else the default. */
export function reserveOf(policy: Pick<Policy, 'fleet'>, machine: string): Amount {
  const { cpus, memoryBytes } = poolOf(policy.fleet, machine)?.reserve ?? {};
  return { cpus: cpus ?? systemReserve.cpus, memoryBytes: memoryBytes ?? systemReserve.memoryBytes };
}

/**
 * Machines that can take replicas now: let in, schedulable, connected, known by their facts, and without ghosts that
 * still take up room.
 */
export function rooms(
  policy: Policy,
  inventory: Inventory,
  replicas: readonly Replica[],
  haunted: (machine: string) => boolean,
): readonly Room[] {
  return Object.values(policy.machines)
    .sort((a, b) => a.index - b.index)
    .flatMap((machine) => {
      const report = inventory.machines[machine.name];
      if (!report?.connected || !machine.schedulable || machine.draining || haunted(machine.name)) return [];
      const here = replicas.filter((replica) => replica.machine === machine.name);
      const used = reserved(policy, here);
      const kept = reserveOf(policy, machine.name);
      return [
        {
          machine,
          hostname: report.facts.hostname,
          arch: report.facts.arch,
          free: {
            cpus: report.facts.cpus - kept.cpus - used.cpus,
            memoryBytes: report.facts.memoryBytes - kept.memoryBytes - used.memoryBytes,
          },
          replicas: here,
          conditions: report.conditions ?? [],
        },
      ];
    });
}

/** Machines that are there but take no new replicas. */
export const closedMachines = (policy: Policy, inventory: Inventory): readonly string[] =>
  Object.values(policy.machines)
    .filter(({ name, schedulable }) => !schedulable && inventory.machines[name]?.connected)
    .map(({ name }) => name);

/** What replicas have reserved together. */
export function reserved(policy: Policy, replicas: readonly Replica[]): Amount {
  return replicas.reduce(
    (sum, replica) => {
      const service = policy.apps[replica.app]?.releases[replica.release]?.model.services[replica.service];
      const amount = amountOf(service?.deploy.reservations ?? {});
      return { cpus: sum.cpus + amount.cpus, memoryBytes: sum.memoryBytes + amount.memoryBytes };
    },
    { cpus: 0, memoryBytes: 0 },
  );
}

export const amountOf = (resources: ResourcesModel): Amount => ({
  cpus: resources.cpus ?? 0,
  memoryBytes: resources.memoryBytes ?? 0,
});
