import { reserved, reserveOf } from '#plan/capacity.ts';
import { poolOf } from '#plan/machines/pool.ts';
import { remaining } from '#plan/machines/remaining.ts';
import { isDrained, replacementOf } from '#plan/machines/replacing.ts';
import type { MachineRecord, MachineReport } from '#plan/model.ts';
import { registryMachine } from '#server/registry.ts';
import type { MachineView, RemarkedCondition } from '#wire/views.ts';
import type { Picture } from './app-views.ts';

/** What the view of a machine needs beside policy, plan and inventory. */
export interface MachineFactsBeside {
  readonly enrolled: boolean;
  readonly ownAddresses: readonly string[];
  /** What is known of one that tries to join, for people. */
  readonly trouble?: string | undefined;
  /** What the server itself finds of one that is connected. */
  readonly remarks: readonly RemarkedCondition[];
}

export function machineView(
  picture: Picture,
  machine: MachineRecord,
  { enrolled, ownAddresses, trouble, remarks }: MachineFactsBeside,
): MachineView {
  const { policy, plan, inventory } = picture;
  const report = inventory.machines[machine.name];
  const replicas = Object.values(plan.replicas).filter((replica) => replica.machine === machine.name);
  const { name, provider, address, labels, schedulable, leaving } = machine;
  return {
    ...{ name, provider, address, labels, schedulable },
    status: report?.connected ? 'online' : enrolled ? 'offline' : 'pending',
    conformity: conformityOf(report, plan.number),
    seenAt: report?.seenAt ?? null,
    facts: report?.facts ?? null,
    replicas: replicas.length,
    reserved: reserved(policy, replicas),
    failures: report?.failures ?? [],
    ...(report?.generation === undefined ? {} : { failuresOf: report.generation }),
    ...(report?.tried === undefined ? {} : { tried: report.tried >= plan.number }),
    kept: reserveOf(policy, name),
    // One that is away cannot say any more how it is.
    conditions: report?.connected ? [...(report.conditions ?? []), ...remarks] : [],
    ...(leaving ? { leaving: leaving.empty ? ('empty' as const) : ('emptying' as const) } : {}),
    pool: poolOf(policy.fleet, name)?.name ?? null,
    roles: [
      ...(registryMachine(policy)?.name === name ? (['registry'] as const) : []),
      ...(ownAddresses.includes(address) ? (['server'] as const) : []),
    ],
    ...lifeOf(picture, machine, enrolled, trouble),
  };
}

type Life = Pick<MachineView, 'state' | 'awaySince' | 'note'>;

function lifeOf(picture: Picture, machine: MachineRecord, enrolled: boolean, trouble?: string): Life {
  const { policy, plan, inventory } = picture;
  const { name, leaving, successorOf, draining, schedulable } = machine;
  const report = inventory.machines[name];
  const left = remaining(plan, inventory, name).length;
  const known = plan.machines?.[name];
  const away = enrolled && !report?.connected ? (known?.lostSince ?? report?.seenAt ?? null) : null;
  const life = (state: MachineView['state'], note?: string): Life => ({
    state,
    awaySince: away,
    ...(note === undefined ? {} : { note }),
  });
  if (leaving) return life('leaving');
  if (!enrolled) return life(successorOf === undefined ? 'pending' : 'replacing', trouble);
  if (!report?.connected) {
    if (known?.heldSince !== undefined)
      return life(
        'held',
        'too many vanished at once: nothing is taken from it unless it is replaced by name',
      );
    if (known?.lostSince === undefined) return life('away', trouble);
    const due = replacementOf({ policy, plan, registry: registryMachine(policy)?.name }, machine);
    return life('lost', due.kind === 'kept' ? `not replaced by itself: ${due.why}` : undefined);
  }
  if (draining) {
    const then = { stay: '', leave: ', then it goes', replace: ', then it is replaced' }[draining.then];
    if (isDrained({ policy, plan, inventory }, machine)) return life('drained');
    return life('draining', `${left} ${left === 1 ? 'replica' : 'replicas'} left${then}`);
  }
  return life(schedulable ? 'ready' : 'closed');
}

/** Connected machines that do not hold the plan yet. */
export function behind({ plan, policy, inventory }: Picture): readonly string[] {
  return Object.keys(policy.machines).filter((name) => {
    const report = inventory.machines[name];
    return report?.connected === true && report.converged < plan.number;
  });
}

function conformityOf(report: MachineReport | undefined, plan: number): MachineView['conformity'] {
  if (!report?.connected) return 'unknown';
  if (report.failures.length > 0) return 'failing';
  return report.converged >= plan ? 'up-to-date' : 'updating';
}
