import { readFile } from 'node:fs/promises';
import { BallastError } from '#base/errors.ts';
import { limit } from './batch.ts';
import { type Executed, exec, tail } from './exec.ts';

/** One line of /etc/passwd, with what other files say of the same account. */
export interface Account {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly comment: string;
  readonly home: string;
  readonly shell: string;
  /** Names of the other groups it is in, sorted. */
  readonly groups: readonly string[];
  readonly locked: boolean;
}

export interface AccountFiles {
  readonly users: ReadonlyMap<string, Account>;
  readonly gids: ReadonlyMap<string, number>;
  readonly groupOf: (gid: number) => string;
}

/** The machine's own accounts. Those of a directory service are not its own and are never touched. */
export async function readAccountFiles(root = '/etc'): Promise<AccountFiles> {
  const [users, groups, shadow] = await Promise.all(
    ['passwd', 'group', 'shadow'].map((name) => lines(`${root}/${name}`)),
  );
  const gids = new Map((groups ?? []).map(([name = '', , gid]): [string, number] => [name, Number(gid)]));
  const members = (groups ?? []).map(([name = '', , , list = '']) => ({ name, list: list.split(',') }));
  const passwords = new Map(
    (shadow ?? []).map(([name = '', password = '']): [string, string] => [name, password]),
  );
  return {
    gids,
    groupOf: (gid) => [...gids].find(([, number]) => number === gid)?.[0] ?? String(gid),
    users: new Map(
      (users ?? []).map(([name = '', , uid, gid, comment = '', home = '', shell = '']): [string, Account] => [
        name,
        {
          name,
          uid: Number(uid),
          gid: Number(gid),
          comment,
          home,
          shell,
          groups: members
            .filter(({ list }) => list.includes(name))
            .map((group) => group.name)
            .sort(),
          locked: /^[!*]/.test(passwords.get(name) ?? '!'),
        },
      ]),
    ),
  };
}

async function lines(path: string): Promise<readonly (readonly string[])[]> {
  const text = await readFile(path, 'utf8').catch(() => '');
  return text
    .split('\n')
    .filter((line) => line.includes(':'))
    .map((line) => line.split(':'));
}

// The programs below lock the account files, and give up when another has them.
const alone = limit(1);

/** Runs one of the programs that change accounts. Exit codes in `fine` count as success. */
export async function changeAccounts(
  argv: readonly string[],
  fine: readonly number[] = [],
): Promise<Executed> {
  return await alone(async () => {
    const done = await exec(argv, { timeoutMs: 60_000 });
    if (done.code === 0 || fine.includes(done.code)) return done;
    const said = tail(done.stderr || done.stdout);
    throw new BallastError('command-failed', `${argv[0]} failed for ${argv.at(-1)}`, {
      why: said.at(-1) ?? `it ended with exit code ${done.code}`,
      log: said,
    });
  });
}
