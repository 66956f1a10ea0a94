import { lstat, readFile } from 'node:fs/promises';
import { BallastError } from '#base/errors.ts';
import type { FileResource } from '#compile/manifest.ts';
import type { Fields, Observed } from '#converge/fields.ts';
import { placeOf, showMode, textDigest, wantedOf } from '#converge/kinds.ts';
import { type Accounts, readAccounts } from './accounts.ts';
import { removeFile, writeAtomic } from './atomic.ts';
import { exec, tail } from './exec.ts';
import type { Facility, HostContext } from './facility.ts';
import { createOriginals } from './originals.ts';
import { daemonReload } from './systemctl.ts';

const commandTimeoutMs = 120_000;

export function createFiles({
  secret,
  stateDir,
}: Pick<HostContext, 'secret' | 'stateDir'>): Facility<FileResource> {
  const originals = createOriginals(stateDir);
  const contentOf = (resource: FileResource): string => {
    if (resource.secret === undefined) return resource.content ?? '';
    const value = secret(resource.secret);
    if (value !== undefined) return value;
    throw new BallastError('not-found', `the secret ${resource.secret} has not reached this machine`, {
      fix: 'connect the machine to the control plane, which sends secrets with each manifest',
    });
  };

  /** What was there before Ballast comes back; what was there all along, just so, stays. */
  async function leave(resource: FileResource, before: Fields | null): Promise<void> {
    if (await originals.giveBack(resource.path)) return;
    const { path } = resource;
    const now = before === null ? null : await readFile(path, 'utf8').catch(() => null);
    if (now !== null && before?.['content'] === textDigest(now)) return;
    await removeFile(path);
  }

  return {
    async observe(resources, ledger) {
      const accounts = await readAccounts();
      const looks = await Promise.all(resources.map((resource) => look(resource, accounts, secret)));
      return new Map(
        resources.flatMap((resource, index): [string, Observed][] => {
          const fields = looks[index];
          if (!fields) return [];
          // Noted once the commands that follow a change were run: a crash before them is made good.
          const told = ledger[placeOf(resource)]?.note === noteOf(resource);
          return [[resource.id, { fields: resource.afterwards ? { ...fields, told } : fields }]];
        }),
      );
    },
    async apply({ action, resource, before, adopts }) {
      const { path, owner, group, mode, afterwards = [] } = resource;
      if (action === 'delete') await leave(resource, before);
      else {
        const look = { mode, ...(await readAccounts()).ids(owner, group) };
        const content = contentOf(resource);
        if (adopts) await originals.keep(path);
        await writeAtomic(path, content, look, async (beside) => await accepted(resource, beside));
      }
      for (const command of afterwards) await told(path, command);
      return action === 'delete' || afterwards.length === 0 ? undefined : noteOf(resource);
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

/** What a file was like when those who read it were last told. */
const noteOf = (resource: FileResource): string => String(wantedOf(resource)['content']);

/** Throws unless the file's own program takes the new content. */
async function accepted({ path, check, secret }: FileResource, beside: string): Promise<void> {
  if (check === undefined) return;
  const argv = check.map((word) => (word === '{}' ? beside : word));
  const { code, stdout, stderr } = await exec(argv, { timeoutMs: commandTimeoutMs });
  if (code === 0) return;
  // The name that the file had meanwhile says nothing to people.
  const lines = tail(`${stderr}${stdout}`).map((line) => line.replaceAll(beside, path));
  const shown = secret === undefined ? lines : [];
  throw new BallastError('command-failed', `${check[0]} does not accept the new ${path}`, {
    why: shown.find((line) => line.trim() !== '') ?? `it ended with exit code ${code}`,
    fix: 'nothing was changed: what was there before stays until the new content is right',
    log: shown,
  });
}

async function told(path: string, command: readonly string[]): Promise<void> {
  // Files of units come in numbers: systemd reads all of them in one go.
  if (command.join(' ') === 'systemctl daemon-reload') return await daemonReload();
  const { code, stdout, stderr } = await exec(command, { timeoutMs: commandTimeoutMs });
  if (code === 0) return;
  throw new BallastError('command-failed', `${command.join(' ')} failed after ${path} was changed`, {
    why: `it ended with exit code ${code}`,
    log: tail(stderr || stdout),
  });
}
