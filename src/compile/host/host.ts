import type { Resource } from '#compile/manifest.ts';
import type { Policy } from '#plan/model.ts';
import { groupResources, userResources } from './accounts.ts';
import { askedOf } from './asked.ts';

/** The baseline of a machine: what it holds whatever apps it runs. */
export function hostResources(policy: Policy, machine: string): Resource[] {
  const asked = askedOf(policy, machine);
  if (asked === undefined) return [];
  return [...groupResources(asked), ...userResources(asked)];
}
