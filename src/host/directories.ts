import { lstat, rmdir } from 'node:fs/promises';
import { BallastError } from '#base/errors.ts';
import type { DirectoryResource } from '#compile/manifest.ts';
import type { Observed } from '#converge/fields.ts';
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
    async apply({ action, resource: { path, mode, owner, group } }) {
      try {
        if (action === 'delete') await rmdir(path);
        else {
          await makeDirectories(path);
          await setLook(path, { mode, ...(await readAccounts()).ids(owner, group) });
        }
      } catch (cause) {
        const code = codeOf(cause);
        // What others put into a directory is theirs: it stays, and is no longer Ballast's.
        if (action === 'delete' && (code === 'ENOENT' || code === 'ENOTEMPTY' || code === 'EBUSY'))
          return undefined;
        if (code === 'EEXIST' || code === 'ENOTDIR') {
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
