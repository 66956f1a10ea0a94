import { readFile } from 'node:fs/promises';
import type { GroupResource, UserResource } from '#compile/manifest.ts';
import { changeAccounts, readAccountFiles } from './account-files.ts';
import { run } from './exec.ts';

/** An account as it is, password hash and all. */
export interface UserSnapshot {
  readonly kind: 'user';
  readonly name: string;
  readonly was: {
    readonly uid: number;
    readonly gid: number;
    readonly comment: string;
    readonly home: string;
    readonly shell: string;
    readonly groups: readonly string[];
    readonly hash: string;
  } | null;
}

export interface GroupSnapshot {
  readonly kind: 'group';
  readonly name: string;
  readonly was: { readonly gid: number; readonly members: string } | null;
}

export async function userSnapshot({ name }: UserResource): Promise<UserSnapshot> {
  const account = (await readAccountFiles()).users.get(name);
  if (account === undefined) return { kind: 'user', name, was: null };
  const { uid, gid, comment, home, shell, groups } = account;
  return {
    kind: 'user',
    name,
    was: { uid, gid, comment, home, shell, groups, hash: (await fieldsOf('shadow', name))?.[1] ?? '*' },
  };
}

export async function groupSnapshot({ name }: GroupResource): Promise<GroupSnapshot> {
  const [, , gid, members = ''] = (await fieldsOf('group', name)) ?? [];
  return { kind: 'group', name, was: gid === undefined ? null : { gid: Number(gid), members } };
}

/** Puts a group back; one that was not there goes with the users that need it. */
export async function giveBackGroup({ name, was }: GroupSnapshot): Promise<void> {
  const now = await fieldsOf('group', name);
  const absent = 6;
  if (was === null) {
    if (now !== undefined) await changeAccounts(['groupdel', name], [absent]);
    return;
  }
  if (now === undefined) await changeAccounts(['groupadd', '--gid', String(was.gid), name]);
  else if (Number(now[2]) !== was.gid) await changeAccounts(['groupmod', '--gid', String(was.gid), name]);
  if (now?.[3] !== was.members) await changeAccounts(['gpasswd', '--members', was.members, name]);
}

/** Puts an account back. A home directory is neither made nor removed. */
export async function giveBackUser({ name, was }: UserSnapshot): Promise<void> {
  const now = (await readAccountFiles()).users.get(name);
  const absent = 6;
  if (was === null) {
    if (now !== undefined) await changeAccounts(['userdel', name], [absent]);
    return;
  }
  const look = [
    ...['--uid', String(was.uid), '--gid', String(was.gid), '--comment', was.comment],
    ...['--shell', was.shell, '--groups', was.groups.join(',')],
  ];
  if (now === undefined)
    await changeAccounts(['useradd', '--no-create-home', '--home-dir', was.home, ...look, name]);
  else await changeAccounts(['usermod', '--home', was.home, ...look, name]);
  await run(['chpasswd', '--encrypted'], { input: `${name}:${was.hash}\n` });
}

async function fieldsOf(file: 'group' | 'shadow', name: string): Promise<readonly string[] | undefined> {
  const text = await readFile(`/etc/${file}`, 'utf8');
  return text
    .split('\n')
    .map((line) => line.split(':'))
    .find(([first]) => first === name);
}
