import type { Resource } from '#compile/manifest.ts';
import { debianPackage } from '#compile/resources.ts';
import type { Policy } from '#plan/model.ts';
import { groupResources, userResources } from './accounts.ts';
import { askedOf } from './asked.ts';
import { directoryResources, fileResources, guardPackages } from './files.ts';
import { kernelResources } from './kernel.ts';
import { packageResources } from './packages.ts';
import { journalResources, timezoneResources, trustResources } from './settings.ts';
import { sshResources } from './ssh.ts';
import { sudoResources } from './sudo.ts';
import { mountResources, swapResources, unitResources } from './units.ts';

const parts = [
  groupResources,
  userResources,
  directoryResources,
  fileResources,
  sudoResources,
  sshResources,
  kernelResources,
  timezoneResources,
  trustResources,
  journalResources,
  swapResources,
  mountResources,
  unitResources,
];

/** The baseline of a machine: what it holds whatever apps it runs. */
export function hostResources(policy: Policy, machine: string): Resource[] {
  const asked = askedOf(policy, machine);
  if (asked === undefined) return [];
  const resources = parts.flatMap((part): Resource[] => part(asked));
  // What a part needs is asked for by the first line that needs it, unless people ask for it themselves.
  const needed = guardPackages(resources).map((id) => {
    const user = resources.find(({ after }) => after.includes(id));
    return debianPackage(user?.origin ?? 'host', id.slice('package:'.length));
  });
  return oncePerId([...packageResources(asked), ...needed, ...resources]);
}

/** The first of those that are the same thing. */
export function oncePerId(resources: readonly Resource[]): Resource[] {
  const found = new Map<string, Resource>();
  for (const resource of resources) if (!found.has(resource.id)) found.set(resource.id, resource);
  return [...found.values()];
}
