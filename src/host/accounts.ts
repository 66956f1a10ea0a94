import { readFile } from 'node:fs/promises';
import { BallastError } from '#base/errors.ts';

/** Names and numbers of the machine's users and groups. */
export interface Accounts {
  readonly userName: (uid: number) => string;
  readonly groupName: (gid: number) => string;
  /** Numbers of a user and a group given by name or number; throws when the machine has no such account. */
  readonly ids: (owner: string, group: string) => { readonly uid: number; readonly gid: number };
}

export async function readAccounts(root = '/etc'): Promise<Accounts> {
  const users = await readNumbers(`${root}/passwd`);
  const groups = await readNumbers(`${root}/group`);
  return {
    userName: (uid) => nameOf(users, uid),
    groupName: (gid) => nameOf(groups, gid),
    ids: (owner, group) => ({ uid: idOf(users, owner, 'user'), gid: idOf(groups, group, 'group') }),
  };
}

async function readNumbers(path: string): Promise<ReadonlyMap<string, number>> {
  const text = await readFile(path, 'utf8').catch(() => '');
  return new Map(
    text
      .split('\n')
      .map((line) => line.split(':'))
      .filter((fields) => fields.length > 2)
      .map(([name = '', , id]) => [name, Number(id)]),
  );
}

function nameOf(known: ReadonlyMap<string, number>, id: number): string {
  for (const [name, number] of known) if (number === id) return name;
  return String(id);
}

function idOf(known: ReadonlyMap<string, number>, name: string, what: string): number {
  const id = known.get(name) ?? (/^\d+$/.test(name) ? Number(name) : undefined);
  if (id === undefined) throw new BallastError('not-found', `the machine has no ${what} ${name}`);
  return id;
}
