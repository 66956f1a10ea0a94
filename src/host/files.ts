import { lstat, readFile } from 'node:fs/promises';
import { BallastError } from '#base/errors.ts';
import type { FileResource } from '#compile/manifest.ts';
import type { Fields, Observed } from '#converge/fields.ts';
import { showMode, textDigest, wantedOf } from '#converge/kinds.ts';
import { type Accounts, readAccounts } from './accounts.ts';
import { removeFile, writeAtomic } from './atomic.ts';
import type { Facility, HostContext } from './facility.ts';

export function createFiles({ secret }: Pick<HostContext, 'secret'>): Facility<FileResource> {
  const contentOf = (resource: FileResource): string => {
    if (resource.secret === undefined) return resource.content ?? '';
    const value = secret(resource.secret);
    if (value !== undefined) return value;
    throw new BallastError('not-found', `the secret ${resource.secret} has not reached this machine`, {
      fix: 'connect the machine to the control plane, which sends secrets with each manifest',
    });
  };

  return {
    async observe(resources) {
      const accounts = await readAccounts();
      const looks = await Promise.all(resources.map((resource) => look(resource, accounts, secret)));
      return new Map(
        resources.flatMap((resource, index): [string, Observed][] => {
          const fields = looks[index];
          return fields ? [[resource.id, { fields }]] : [];
        }),
      );
    },
    async apply({ action, resource }) {
      if (action === 'delete') await removeFile(resource.path);
      else {
        const ids = (await readAccounts()).ids(resource.owner, resource.group);
        await writeAtomic(resource.path, contentOf(resource), { mode: resource.mode, ...ids });
      }
      return undefined;
    },
  };
}

async function look(
  resource: FileResource,
  accounts: Accounts,
  secret: HostContext['secret'],
): Promise<Fields | null> {
  const stat = await lstat(resource.path).catch(() => null);
  if (stat === null) return null;
  const owner = accounts.userName(stat.uid, resource.owner);
  const group = accounts.groupName(stat.gid, resource.group);
  const content = stat.isFile() ? await readFile(resource.path, 'utf8').catch(() => null) : null;
  return { content: described(resource, content, secret), mode: showMode(stat.mode), owner, group };
}

/** A secret's content is told from others, and never described: not even its digest leaves the machine. */
function described(resource: FileResource, content: string | null, secret: HostContext['secret']): string {
  if (content === null) return 'not a file';
  if (resource.secret === undefined) return textDigest(content);
  return content === secret(resource.secret) ? String(wantedOf(resource)['content']) : 'another content';
}
