import type { Draft } from '#plan/draft.ts';
import type { Replica } from '#plan/model.ts';

/**
 * Since when it can be judged without a break how a replica does: while the server does not listen, or does not hear
 * the machine, no patience is used up. Undefined: nobody can judge now. A machine that is given up as lost is judged.
 */
export function judgedSince(draft: Draft, { machine, since }: Replica): number | undefined {
  const { machines, listeningSince = 0 } = draft.inventory;
  const report = machines[machine];
  if (report?.connected) return Math.max(since, listeningSince, report.heardSince ?? 0);
  return draft.isLost(machine) ? Math.max(since, listeningSince) : undefined;
}
