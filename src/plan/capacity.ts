import type { ResourcesModel, ServiceModel } from '#spec/model.ts';
import { poolOf } from './machines/pool.ts';
import type { Inventory, MachineCondition, MachineRecord, MachineReport, Policy, Replica } from './model.ts';
import { addressesMax } from './schedule/address.ts';
import { missingBeside } from './schedule/together.ts';

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
  /** Whether a container more would find an address there. */
  readonly hasAddress: boolean;
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
      return [roomOf(policy, machine, { report, replicas })];
    });
}

/** A machine that is known by its facts, whether it takes new replicas or not. */
export function roomOf(
  policy: Policy,
  machine: MachineRecord,
  { report, replicas }: { readonly report: MachineReport; readonly replicas: readonly Replica[] },
): Room {
  const here = replicas.filter((replica) => replica.machine === machine.name);
  const used = reserved(policy, here);
  const kept = reserveOf(policy, machine.name);
  return {
    machine,
    hostname: report.facts.hostname,
    arch: report.facts.arch,
    free: {
      cpus: report.facts.cpus - kept.cpus - used.cpus,
      memoryBytes: report.facts.memoryBytes - kept.memoryBytes - used.memoryBytes,
    },
    replicas: here,
    hasAddress: addressesOf(here) < addressesMax,
    conditions: report.conditions ?? [],
  };
}

/** The room that is left for a service beside a replica: what was kept back for it there is its own. */
export function roomBeside(
  policy: Policy,
  owner: Replica,
  {
    machine,
    service,
    ...known
  }: {
    readonly machine: MachineRecord;
    readonly service: ServiceModel;
    readonly report: MachineReport;
    readonly replicas: readonly Replica[];
  },
): Room {
  const room = roomOf(policy, machine, known);
  const kept = keptBeside(policy, owner, known.replicas).find(({ name }) => name === service.name);
  return { ...room, free: plus(room.free, amountOf(kept?.deploy.reservations ?? {})) };
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
      const release = policy.apps[replica.app]?.releases[replica.release];
      const service = release?.model.services[replica.service];
      // What is yet to stand beside it has its room already.
      const all = [...(service ? [service] : []), ...keptBeside(policy, replica, replicas)];
      return all.map(({ deploy }) => amountOf(deploy.reservations)).reduce(plus, sum);
    },
    { cpus: 0, memoryBytes: 0 },
  );
}

/** Services that are yet to stand beside a replica, by its own release as well as by the wanted one. */
function keptBeside(policy: Policy, owner: Replica, replicas: readonly Replica[]): readonly ServiceModel[] {
  const { releases = {}, wanted = null } = policy.apps[owner.app] ?? {};
  const coming = releases[wanted ?? owner.release]?.model.services ?? {};
  return missingBeside(releases[owner.release], owner, replicas).filter(({ name }) => name in coming);
}

/** Addresses that containers have there; those that share one count once. */
const addressesOf = (replicas: readonly Replica[]): number =>
  new Set(replicas.map(({ address }) => address)).size;

const plus = (a: Amount, b: Amount): Amount => ({
  cpus: a.cpus + b.cpus,
  memoryBytes: a.memoryBytes + b.memoryBytes,
});

export const amountOf = (resources: ResourcesModel): Amount => ({
  cpus: resources.cpus ?? 0,
  memoryBytes: resources.memoryBytes ?? 0,
});
