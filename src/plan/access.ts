import { showOrigin } from '#base/result.ts';
import { reaches } from '#spec/access.ts';
import type { AccessRule } from '#spec/fleet-model.ts';
import type { Grant } from './access-model.ts';
import type { MachineRecord, Policy } from './model.ts';

/** A rule that counts now, and where it comes from. */
export interface StandingRule extends AccessRule {
  /** `fleet.yaml:12:3`, or `grant g1`. */
  readonly origin: string;
  readonly grant?: Grant;
}

/** Whether people ever spoke of access. Until they do, sshd is left as it is. */
export const minded = ({ fleet, access }: Policy): boolean =>
  fleet.access !== undefined || access !== undefined;

/** All rules, those of people whose access is suspended too. */
export function allRules({ fleet, fleetOrigins = {}, access }: Policy): readonly StandingRule[] {
  const written = (fleet.access ?? []).map((rule): StandingRule => {
    const at = rule.entry === undefined ? undefined : fleetOrigins[`access.${rule.entry}`];
    return { ...rule, origin: at === undefined ? 'access' : showOrigin(at) };
  });
  const granted = (access?.grants ?? []).map((grant): StandingRule => {
    const { id: _, by: __, at: ___, ...rule } = grant;
    return { ...rule, origin: `grant ${grant.id}`, grant };
  });
  return [...written, ...granted];
}

export const isSuspended = ({ access }: Policy, who: string): boolean =>
  access?.suspended.some((one) => one.who === who) ?? false;

/** The rules that let somebody in. */
export const standingRules = (policy: Policy): readonly StandingRule[] =>
  allRules(policy).filter(({ who }) => !isSuspended(policy, who));

/** All rules that speak of a machine, those of suspended people too: their accounts stay. */
export const rulesOn = (policy: Policy, machine: string): readonly StandingRule[] =>
  allRules(policy).filter((rule) => reaches(rule, machine));

/**
 * Accounts that were the administrator's before Ballast: root, and the one by which the machine was let in. They are
 * not made, changed or removed, and their keys work until somebody was seen to come in by certificate.
 */
export const isAdministrators = (policy: Policy, machine: MachineRecord, account: string): boolean =>
  account === 'root' || account === machine.ssh?.user || account === joinUser(policy, machine);

function joinUser({ fleet }: Policy, machine: MachineRecord): string | undefined {
  if (machine.provider !== 'ssh') return undefined;
  return /^([^@]+)@/.exec(fleet.pools[machine.name]?.address ?? '')?.[1];
}

/** The port that sshd of a machine listens on. */
export function sshPortOf({ fleet }: Policy, machine: MachineRecord): number {
  if (machine.provider !== 'ssh') return 22;
  if (machine.ssh !== undefined) return machine.ssh.port;
  return Number(/:(\d+)$/.exec(fleet.pools[machine.name]?.address ?? '')?.[1] ?? 22);
}

/** What stands in a certificate for a person as an account: everywhere, or on one machine only. */
export const principalOf = (who: string, account: string, machine?: string): string =>
  machine === undefined ? `${who}/${account}` : `${who}/${account}@${machine}`;
