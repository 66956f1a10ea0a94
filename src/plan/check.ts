import { reserved, reserveOf } from './capacity.ts';
import type { Inventory, Plan, Policy } from './model.ts';

/**
 * Finds what a plan must never hold, apart from the planner that drew it up: two replicas with one address, more
 * reserved than a machine has, a replica on a machine that is none, two parts of one volume's users apart.
 * Empty when the plan is sound. Machines that are not known by their facts cannot be judged.
 */
export function checkPlan(policy: Policy, inventory: Inventory, plan: Plan): readonly string[] {
  const replicas = Object.values(plan.replicas);
  const findings: string[] = [];
  const byAddress = new Map<string, string>();
  for (const replica of replicas) {
    const other = byAddress.get(replica.address);
    const owner = replica.beside === undefined ? undefined : plan.replicas[replica.beside];
    if (replica.beside !== undefined && owner?.machine !== replica.machine)
      findings.push(`${replica.id} is on ${replica.machine}, and ${replica.beside} beside it is not`);
    if (replica.beside !== undefined && owner?.address === replica.address) continue;
    if (other !== undefined) findings.push(`${replica.id} and ${other} share the address ${replica.address}`);
    byAddress.set(replica.address, replica.id);
    if (!(replica.machine in policy.machines))
      findings.push(`${replica.id} is on ${replica.machine}, which is no machine`);
  }
  for (const [key, machine] of Object.entries(plan.volumes)) {
    const [app, volume] = key.split('/');
    for (const replica of replicas.filter((one) => one.app === app && one.machine !== machine)) {
      const service = policy.apps[replica.app]?.releases[replica.release]?.model.services[replica.service];
      const uses = service?.mounts.some((mount) => mount.kind === 'volume' && mount.volume === volume);
      if (uses) findings.push(`${replica.id} is on ${replica.machine}, its volume ${volume} on ${machine}`);
    }
  }
  for (const report of Object.values(inventory.machines)) {
    const used = reserved(
      policy,
      replicas.filter(({ machine }) => machine === report.machine),
    );
    const kept = reserveOf(policy, report.machine);
    const memory = report.facts.memoryBytes - kept.memoryBytes;
    const cpus = report.facts.cpus - kept.cpus;
    if (used.memoryBytes > 0 && used.memoryBytes > memory)
      findings.push(`${report.machine} has ${memory} bytes and ${used.memoryBytes} reserved`);
    if (used.cpus > 0 && used.cpus > cpus + 1e-9)
      findings.push(`${report.machine} has ${cpus} cpus and ${used.cpus} reserved`);
  }
  return findings;
}
