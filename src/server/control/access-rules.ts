import type { Problem } from '#base/result.ts';
import { machinesOf } from '#plan/machines/pool.ts';
import type { Policy } from '#plan/model.ts';
import { accessProblems, clashes } from '#spec/access.ts';
import type { FleetModel } from '#spec/fleet-model.ts';

/** What is wrong with the rules of access, and where they contradict what was granted by command. */
export function rulesProblems(fleet: FleetModel, { machines, access }: Policy): readonly Problem[] {
  const rules = fleet.access ?? [];
  const names = [...new Set([...Object.values(fleet.pools).flatMap(machinesOf), ...Object.keys(machines)])];
  const label = ({ entry }: { readonly entry?: number }, index: number): string =>
    `access[${entry ?? index}]`;
  const written = rules.map((rule, index) => ({ ...rule, label: label(rule, index) }));
  const own = accessProblems(written, names);
  if (own.length > 0) return own;
  const granted = (access?.grants ?? []).map((grant) => ({ ...grant, label: `grant ${grant.id}` }));
  return clashes([...granted, ...written], names).map((problem) => ({
    ...problem,
    fix: 'take the grant back first: ballast access revoke --grant ID',
  }));
}
