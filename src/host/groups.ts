import type { GroupResource } from '#compile/manifest.ts';
import type { Observed } from '#converge/fields.ts';
import type { Step } from '#converge/step.ts';
import { changeAccounts, readAccountFiles } from './account-files.ts';
import type { Facility } from './facility.ts';

export function createGroups(): Facility<GroupResource> {
  return {
    async observe(resources) {
      const { gids } = await readAccountFiles();
      return new Map(
        resources.flatMap(({ id, name }): [string, Observed][] => {
          const gid = gids.get(name);
          return gid === undefined ? [] : [[id, { fields: { present: true, gid } }]];
        }),
      );
    },
    async apply(step) {
      if (step.action === 'delete') await leave(step);
      else await ensure(step.resource);
      return undefined;
    },
  };
}

async function ensure({ name, gid, system }: GroupResource): Promise<void> {
  const known = (await readAccountFiles()).gids.get(name);
  const number = gid === undefined ? [] : ['--gid', String(gid)];
  if (known === undefined)
    await changeAccounts(['groupadd', ...(system ? ['--system'] : []), ...number, name]);
  else if (gid !== undefined && gid !== known) await changeAccounts(['groupmod', ...number, name]);
}

/** A group that was there before Ballast gets its number back; it goes when Ballast made it and nobody's own group it is. */
async function leave({ resource: { name }, before }: Step<GroupResource>): Promise<void> {
  const { gids, users } = await readAccountFiles();
  const gid = gids.get(name);
  if (gid === undefined) return;
  const was = before?.['gid'];
  if (was !== undefined && was !== gid) await changeAccounts(['groupmod', '--gid', String(was), name]);
  const isPrimary = [...users.values()].some((user) => user.gid === gid);
  if (before === null && !isPrimary) await changeAccounts(['groupdel', name], [6]);
}
