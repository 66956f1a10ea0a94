import { lstat } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { BallastError } from '#base/errors.ts';
import type { UserResource } from '#compile/manifest.ts';
import type { Fields, Observed } from '#converge/fields.ts';
import type { Step } from '#converge/step.ts';
import { type Account, type AccountFiles, changeAccounts, readAccountFiles } from './account-files.ts';
import { exec } from './exec.ts';
import type { Facility } from './facility.ts';

export function createUsers(): Facility<UserResource> {
  return {
    async observe(resources) {
      const files = await readAccountFiles();
      const seen = new Map<string, Observed>();
      for (const resource of resources) {
        const account = files.users.get(resource.name);
        if (account) seen.set(resource.id, { fields: await look(resource, account, files) });
      }
      return seen;
    },
    async apply(step) {
      if (step.action === 'delete') await leave(step);
      else await ensure(step.resource);
      return undefined;
    },
  };
}

async function look(
  { makeHome, home }: UserResource,
  account: Account,
  files: AccountFiles,
): Promise<Fields> {
  const missing = makeHome && account.home === home && !(await isThere(home));
  return {
    uid: account.uid,
    group: files.groupOf(account.gid),
    groups: account.groups.join(','),
    shell: account.shell,
    home: missing ? `${home} (missing)` : account.home,
    comment: account.comment,
    password: account.locked ? 'locked' : 'open',
  };
}

const isThere = async (path: string): Promise<boolean> => (await lstat(path).catch(() => null)) !== null;

async function ensure(user: UserResource): Promise<void> {
  const files = await readAccountFiles();
  const account = files.users.get(user.name);
  if (account === undefined) await create(user, files);
  else await change(user, account, await withOwnGroup(user, account, files));
  if (user.makeHome && !(await isThere(user.home))) await changeAccounts(['mkhomedir_helper', user.name]);
}

/** The group of its own name is nobody else's to make: where it is gone and the account is not, it comes back. */
async function withOwnGroup(
  { name, group, system }: UserResource,
  { gid }: Account,
  files: AccountFiles,
): Promise<AccountFiles> {
  if (group !== name || files.gids.has(name)) return files;
  const number = [...files.gids.values()].includes(gid) ? [] : ['--gid', String(gid)];
  const there = 9;
  await changeAccounts(['groupadd', ...(system ? ['--system'] : []), ...number, name], [there]);
  return await readAccountFiles();
}

async function create(user: UserResource, files: AccountFiles): Promise<void> {
  const { name, uid, group, groups, shell, home, comment, system, makeHome } = user;
  // A group of the user's own name that is there already is its own: useradd refuses to make it again.
  const ownGroup = group === name && !files.gids.has(name);
  await changeAccounts([
    'useradd',
    ...(system ? ['--system'] : []),
    ...(uid === undefined ? [] : ['--uid', String(uid)]),
    ...(ownGroup ? ['--user-group'] : ['--gid', group]),
    ...['--groups', groups.join(','), '--shell', shell, '--home-dir', home, '--comment', comment],
    // Not "!": sshd may take that for an account that is closed to keys as well.
    ...['--password', '*'],
    makeHome ? '--create-home' : '--no-create-home',
    name,
  ]);
}

/** Changes what differs in one go, so that an account is never half of two. */
async function change(user: UserResource, account: Account, files: AccountFiles): Promise<void> {
  const { name, uid, group, groups, shell, home, comment } = user;
  const same = groups.join(',') === account.groups.join(',');
  const changes = [
    ...(uid === undefined || uid === account.uid ? [] : ['--uid', String(uid)]),
    ...(files.gids.get(group) === account.gid ? [] : ['--gid', group]),
    ...(same ? [] : ['--groups', groups.join(',')]),
    ...(shell === account.shell ? [] : ['--shell', shell]),
    ...(home === account.home ? [] : ['--home', home]),
    ...(comment === account.comment ? [] : ['--comment', comment]),
    ...(account.locked ? [] : ['--lock']),
  ];
  if (changes.length > 0) await modify(name, changes);
}

async function modify(name: string, changes: readonly string[]): Promise<void> {
  const busy = 8;
  const { code, stderr } = await changeAccounts(['usermod', ...changes, name], [busy]);
  if (code !== busy) return;
  throw new BallastError('conflict', `the user ${name} cannot be changed while it runs something`, {
    why: stderr.trim(),
    fix: `end what it runs on the machine: loginctl terminate-user ${name}`,
  });
}

/** An account that was there before Ballast becomes what it was; one that Ballast made goes, with all that it runs. */
async function leave({ resource, before }: Step<UserResource>): Promise<void> {
  const { name, removeHome } = resource;
  const account = (await readAccountFiles()).users.get(name);
  if (account === undefined) return;
  if (before !== null) return await giveBack(resource, account, before);
  await exec(['loginctl', 'terminate-user', name], { timeoutMs: 10_000 }).catch(() => {});
  await endProcesses(account.uid);
  const [absent, noHome] = [6, 12];
  await changeAccounts(['userdel', ...(removeHome ? ['--remove'] : []), name], [absent, noHome]);
}

/** Ends all that runs as a user. userdel would not do its work before, and says so when something is left. */
async function endProcesses(uid: number): Promise<void> {
  for (let tries = 0; tries < 50; tries += 1) {
    const { code } = await exec(['pkill', '-KILL', '-U', String(uid)], { timeoutMs: 10_000 });
    if (code !== 0) return;
    await sleep(100);
  }
}

async function giveBack(resource: UserResource, account: Account, before: Fields): Promise<void> {
  const files = await readAccountFiles();
  const text = (name: string, now: string): string => String(before[name] ?? now);
  const groups = text('groups', account.groups.join(','));
  await change(
    {
      ...resource,
      ...(resource.uid === undefined ? {} : { uid: Number(before['uid']) }),
      group: text('group', files.groupOf(account.gid)),
      groups: groups
        .split(',')
        // A group may be gone by now.
        .filter((group) => files.gids.has(group)),
      shell: text('shell', account.shell),
      home: text('home', account.home).replace(/ \(missing\)$/, ''),
      comment: text('comment', account.comment),
    },
    { ...account, locked: true },
    files,
  );
  // The hash was never read: it stood behind the lock all the time.
  if (before['password'] === 'open' && account.locked)
    await changeAccounts(['usermod', '--unlock', resource.name], [1]);
}
