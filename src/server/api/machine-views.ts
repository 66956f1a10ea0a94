import { reserved } from '#plan/capacity.ts';
import type { MachineRecord, MachineReport } from '#plan/model.ts';
import type { MachineView } from '#wire/views.ts';
import type { Picture } from './app-views.ts';

export function machineView(
  { policy, plan, inventory }: Picture,
  machine: MachineRecord,
  enrolled: boolean,
): MachineView {
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
    ...(leaving ? { leaving: leaving.empty ? ('empty' as const) : ('emptying' as const) } : {}),
  };
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
