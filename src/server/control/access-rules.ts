import type { Problem } from '#base/result.ts';
import { minded, standingRules } from '#plan/access.ts';
import { machinesOf } from '#plan/machines/pool.ts';
import type { Policy } from '#plan/model.ts';
import { accessProblems, clashes } from '#spec/access.ts';
import type { FleetModel } from '#spec/fleet-model.ts';

/** What is wrong with the rules of access, and where they contradict what was granted by command. */
export function rulesProblems(fleet: FleetModel, policy: Policy): readonly Problem[] {
  const { machines, access } = policy;
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

/** The word by which a person says that nobody is to be let in any more. */
export const accessForced = 'access';

/** A fleet file that lets nobody in any more where somebody was let in, unless that was said by name. */
export function lockOutProblems(
  fleet: FleetModel,
  policy: Policy,
  { force, command }: { readonly force: readonly string[]; readonly command: string },
): readonly Problem[] {
  const next: Policy = { ...policy, fleet };
  if (force.includes(accessForced) || !minded(next)) return [];
  if (standingRules(policy).length === 0 || standingRules(next).length > 0) return [];
  return [
    {
      code: 'locks-out',
      what: 'nobody could log in on any machine any more',
      why: `the file lets nobody in, and ${[...new Set(standingRules(policy).map(({ who }) => who))].join(', ')} could until now`,
      fix: `if that is meant: \`${command} --force ${accessForced}\``,
    },
  ];
}
