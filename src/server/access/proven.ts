import { isAdministrators, minded, rulesOn } from '#plan/access.ts';
import { keys } from '#server/keys.ts';
import type { FleetState, NewEvent } from '#server/state.ts';

/**
 * Notes that an administrator's own account was reached by certificate: from then on its keys need not work any
 * more, and nobody is locked out by that. Other events are passed over.
 */
export async function noteProof(state: FleetState, { kind, machine: name, detail }: NewEvent): Promise<void> {
  const account = detail?.['account'];
  if (kind !== 'login' || name === undefined || account === undefined || detail?.['serial'] === undefined)
    return;
  if (!isProof(state, name, account)) return;
  await state.exclusive(async () => {
    if (!isProof(state, name, account)) return;
    const access = state.policy.access ?? { grants: [], suspended: [], proven: {} };
    const accounts = [...(access.proven[name] ?? []), account].sort();
    await state.commit({
      set: { [keys.access]: { ...access, proven: { ...access.proven, [name]: accounts } } },
      bump: true,
      events: [
        {
          kind: 'access',
          machine: name,
          subject: account,
          what: `${account} of ${name} was reached by certificate: its keys count no more`,
        },
      ],
    });
  });
}

function isProof({ policy }: FleetState, name: string, account: string): boolean {
  const machine = policy.machines[name];
  if (machine === undefined || !minded(policy) || !isAdministrators(policy, machine, account)) return false;
  if (policy.access?.proven[name]?.includes(account)) return false;
  return rulesOn(policy, name).some(({ as }) => as === account);
}
