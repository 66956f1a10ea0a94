import { lstat, rmdir } from 'node:fs/promises';
import { BallastError } from '#base/errors.ts';
import type { DirectoryResource } from '#compile/manifest.ts';
import type { Fields, Observed } from '#converge/fields.ts';
import { showMode } from '#converge/kinds.ts';
import { readAccounts } from './accounts.ts';
import { codeOf, fileFailure, makeDirectories, setLook } from './atomic.ts';
import type { Facility } from './facility.ts';

export function createDirectories(): Facility<DirectoryResource> {
  return {
    async observe(resources) {
      const accounts = await readAccounts();
      const seen = new Map<string, Observed>();
      for (const { id, path, ...wanted } of resources) {
        const stat = await lstat(path).catch(() => null);
        if (!stat?.isDirectory()) continue;
        const owner = accounts.userName(stat.uid, wanted.owner);
        const group = accounts.groupName(stat.gid, wanted.group);
        seen.set(id, { fields: { mode: showMode(stat.mode), owner, group } });
      }
      return seen;
    },
    async apply({ action, resource: { path, mode, owner, group }, before }) {
      try {
        if (action === 'delete' && before !== null) await giveBack(path, before);
        else if (action === 'delete') await rmdir(path);
        else {
          await makeDirectories(path);
          await setLook(path, { mode, ...(await readAccounts()).ids(owner, group) });
        }
      } catch (cause) {
        const code = codeOf(cause);
        // What others put into a directory is theirs: it stays, and is no longer Ballast's.
        if (action === 'delete' && (code === 'ENOENT' || code === 'ENOTEMPTY' || code === 'EBUSY'))
          return undefined;
        if (code === 'EEXIST' || code === 'ENOTDIR' || code === 'ELOOP') {
          throw new BallastError('conflict', `${path} exists and is not a directory`, {
            fix: `move it away on the machine: mv ${path} ${path}.old`,
            cause,
          });
        }
        throw await fileFailure(path, cause);
      }
      return undefined;
    },
  };
}

/** A directory that was there before Ballast gets its look of then. */
async function giveBack(path: string, { mode, owner, group }: Fields): Promise<void> {
  const accounts = await readAccounts();
  const known = { uid: accounts.uidOf(String(owner)), gid: accounts.gidOf(String(group)) };
  const ids = known.uid === undefined || known.gid === undefined ? {} : { uid: known.uid, gid: known.gid };
  await setLook(path, { mode: Number.parseInt(String(mode), 8), ...ids });
}
