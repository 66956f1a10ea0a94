import { readFile } from 'node:fs/promises';
import { BallastError } from '#base/errors.ts';

/** Names and numbers of the machine's users and groups. */
export interface Accounts {
  /** What a user is called; a number stays one where `wanted` is a number too, so that the two can be compared. */
  readonly userName: (uid: number, wanted?: string) => string;
  readonly groupName: (gid: number, wanted?: string) => string;
  readonly uidOf: (owner: string) => number | undefined;
  readonly gidOf: (group: string) => number | undefined;
  /** Numbers of a user and a group given by name or number; throws when the machine has no such account. */
  readonly ids: (owner: string, group: string) => { readonly uid: number; readonly gid: number };
}

export async function readAccounts(root = '/etc'): Promise<Accounts> {
  const users = await readNumbers(`${root}/passwd`);
  const groups = await readNumbers(`${root}/group`);
  return {
    userName: (uid, wanted = '') => nameOf(users, uid, wanted),
    groupName: (gid, wanted = '') => nameOf(groups, gid, wanted),
    uidOf: (owner) => numberOf(users, owner),
    gidOf: (group) => numberOf(groups, group),
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

function nameOf(known: ReadonlyMap<string, number>, id: number, wanted: string): string {
  if (/^\d+$/.test(wanted)) return String(id);
  for (const [name, number] of known) if (number === id) return name;
  return String(id);
}

const numberOf = (known: ReadonlyMap<string, number>, name: string): number | undefined =>
  known.get(name) ?? (/^\d+$/.test(name) ? Number(name) : undefined);

function idOf(known: ReadonlyMap<string, number>, name: string, what: string): number {
  const id = numberOf(known, name);
  if (id === undefined) throw new BallastError('not-found', `the machine has no ${what} ${name}`);
  return id;
}
