import { readdir, readFile, stat } from 'node:fs/promises';
import { exec } from './exec.ts';
import { parseEntry, textOf } from './journal.ts';
import { parseSshLine } from './ssh-log.ts';

/** Somebody who is logged in over ssh. */
export interface Session {
  /** The login manager's number of it, else `ssh-` and the process's. */
  readonly session: string;
  /** Account. */
  readonly user: string;
  /** The name the certificate was issued to; without a certificate the key or the account. */
  readonly who: string;
  /** ms since the epoch. */
  readonly since: number;
  /** sshd's process of the session: all that is done in it descends from this one. */
  readonly pid: number;
  /** Serial number of the certificate. */
  readonly serial?: number;
}

const queryTimeoutMs = 5_000;
/** Sessions that are known, by process and its start: what sshd said of them does not change. */
const known = new Map<string, Session>();

/**
 * Who is logged in over ssh now. Which certificate a session belongs to stands on the machine itself, in the
 * journal: sshd writes it there as root before anything of the session runs. The machine's processes say which
 * sessions there are still. Nothing is asked of the journal when nobody is logged in, and only once of each.
 */
export async function sessionsNow(): Promise<readonly Session[]> {
  const leaders = await leadersNow();
  const there = new Set(leaders.map(({ key }) => key));
  for (const key of known.keys()) if (!there.has(key)) known.delete(key);
  const fresh = leaders.filter(({ key }) => !known.has(key));
  if (fresh.length > 0) {
    const logins = await loginsOf(fresh.map(({ pid }) => pid));
    for (const leader of fresh) {
      const login = logins.get(leader.pid);
      if (login !== undefined) known.set(leader.key, { session: leader.session, pid: leader.pid, ...login });
    }
  }
  return leaders
    .flatMap(({ key }) => known.get(key) ?? [])
    .sort((a, b) => a.since - b.since || a.pid - b.pid);
}

interface Leader {
  readonly pid: number;
  readonly key: string;
  readonly session: string;
}

/** Root's own process of each session; sshd has it for as long as the session lasts. */
async function leadersNow(): Promise<readonly Leader[]> {
  const names = await readdir('/proc').catch((): string[] => []);
  const found = await Promise.all(names.filter((name) => /^\d+$/.test(name)).map(leaderOf));
  return found.flatMap((leader) => leader ?? []);
}

async function leaderOf(name: string): Promise<Leader | undefined> {
  const comm = (await read(`/proc/${name}/comm`)).trim();
  if (comm !== 'sshd' && comm !== 'sshd-session') return undefined;
  const title = (await read(`/proc/${name}/cmdline`)).replaceAll('\0', ' ').trim();
  if (!isSession(title)) return undefined;
  const owner = await stat(`/proc/${name}`).catch(() => undefined);
  if (owner?.uid !== 0) return undefined;
  const line = await read(`/proc/${name}/stat`);
  const started = line.slice(line.lastIndexOf(')') + 2).split(' ')[19];
  if (started === undefined) return undefined; // it ended meanwhile
  const scope = /\/session-([^/\n]+)\.scope/.exec(await read(`/proc/${name}/cgroup`))?.[1];
  return { pid: Number(name), key: `${name} ${started}`, session: scope ?? `ssh-${name}` };
}

/** Whether sshd calls a process of its own so while somebody is logged in: `sshd-session: deploy [priv]`. */
export const isSession = (title: string): boolean =>
  /^sshd(-session)?: (\S+ \[priv\]|[^\s@[]+@\S+)$/.test(title);

type Login = Omit<Session, 'session' | 'pid'>;

/** The last login that sshd tells of for each process since the machine started. */
async function loginsOf(pids: readonly number[]): Promise<ReadonlyMap<number, Login>> {
  const matches = pids.flatMap((pid, index) => [...(index === 0 ? [] : ['+']), '_UID=0', `_PID=${pid}`]);
  const argv = [
    'journalctl',
    '--boot',
    '--no-pager',
    '--quiet',
    '--output=json',
    '--output-fields=MESSAGE,_PID,_COMM',
  ];
  // A machine without a journal has sessions that nothing is known of.
  const stdout = await exec([...argv, ...matches], { timeoutMs: queryTimeoutMs }).then(
    (ended) => ended.stdout,
    () => '',
  );
  const logins = new Map<number, Login>();
  for (const line of stdout.split('\n')) {
    const entry = parseEntry(line);
    if (entry === undefined || !/^sshd(-session)?$/.test(textOf(entry, '_COMM'))) continue;
    const said = parseSshLine(textOf(entry, 'MESSAGE'));
    if (said?.kind !== 'accepted') continue;
    const since = Math.floor(Number(textOf(entry, '__REALTIME_TIMESTAMP')) / 1_000);
    const { certificate, key, user } = said;
    const who = certificate?.id ?? (key === undefined ? user : `key ${key}`);
    const serial = certificate === undefined ? {} : { serial: certificate.serial };
    logins.set(Number(textOf(entry, '_PID')), { user, who, since, ...serial });
  }
  return logins;
}

const read = async (path: string): Promise<string> => await readFile(path, 'utf8').catch(() => '');
