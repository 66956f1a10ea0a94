import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeAtomic } from '#host/atomic.ts';
import { exec } from '#host/exec.ts';
import { parseEntry, textOf } from '#host/journal.ts';
import { startProcess } from '#host/process.ts';
import { parseSshLine, type SshTry, sshJournalMatches } from '#host/ssh-log.ts';
import { createSessionEnder } from './end-sessions.ts';
import { explain, log } from './log.ts';
import type { News } from './news.ts';

export interface SshAuditOptions {
  readonly stateDir: string;
  readonly signal: AbortSignal;
  /** Tells the server; false when it cannot be reached now. */
  readonly tell: (news: News) => boolean;
  /** The authority's public key on this machine; people's certificates are told by it. */
  readonly authorityFile?: string;
}

export interface SshAudit {
  /** The machine may have changed: begins once there is an authority by which people come in. */
  readonly wake: () => void;
  /** The server can be reached again: what waits is told. */
  readonly flush: () => void;
}

interface Waiting {
  readonly news: News;
  /** Where the journal goes on after it. */
  readonly cursor: string;
}

const waitingMax = 5_000;
const saveDelayMs = 500;

/**
 * Tells of every login and of every certificate of ours that sshd refused. Where the journal was read to is kept on
 * disk and moves on only with what the server was told: what happens while the agent or the server is away is
 * told later, and nothing is left out.
 */
export function watchLogins(options: SshAuditOptions): SshAudit {
  const { stateDir, signal, tell, authorityFile = '/etc/ssh/ballast/user_ca.pub' } = options;
  const place = join(stateDir, 'ssh-journal-cursor');
  const waiting: Waiting[] = [];
  let read = createLoginReader(async () => await fingerprintOf(authorityFile));
  let saved: NodeJS.Timeout | undefined;
  let told = '';
  let running = false;
  let turn: Promise<void> = Promise.resolve();

  function save(): void {
    saved ??= setTimeout(() => {
      saved = undefined;
      writeAtomic(place, told, { mode: 0o600 }).catch((cause: unknown) =>
        log.again('ssh-audit', `the place in the journal could not be kept: ${explain(cause)}`),
      );
    }, saveDelayMs);
  }

  function flush(): void {
    for (let next = waiting[0]; next !== undefined; next = waiting[0]) {
      if (!tell(next.news)) return;
      told = next.cursor;
      waiting.shift();
      save();
    }
  }

  async function take(line: string): Promise<void> {
    const found = await read(line);
    if (found === undefined) return;
    waiting.push(found);
    // Beyond that the journal itself is the record; it is read again after a restart of the agent.
    if (waiting.length > waitingMax) waiting.shift();
    flush();
  }

  const endSessions = createSessionEnder((news) => {
    waiting.push({ news, cursor: waiting.at(-1)?.cursor ?? told });
    flush();
  });

  function wake(): void {
    endSessions();
    if (running || signal.aborted || !existsSync(authorityFile)) return;
    running = true;
    void follow();
  }

  async function follow(): Promise<void> {
    const from = told !== '' ? told : (await readFile(place, 'utf8').catch(() => '')).trim();
    if (signal.aborted) return;
    const begin = from === '' ? [`--since=-5s`] : [`--after-cursor=${from}`];
    const journal = startProcess(journalArgv(begin), {
      // One after the other, in the order they were written.
      onLine: (line) => {
        turn = turn.then(async () => await take(line)).catch(() => {});
      },
    });
    const stop = () => journal.kill();
    signal.addEventListener('abort', stop);
    await journal.done;
    signal.removeEventListener('abort', stop);
    read = createLoginReader(async () => await fingerprintOf(authorityFile));
    running = false;
    setTimeout(wake, 2_000).unref();
  }

  wake();
  return { wake, flush };
}

const journalArgv = (begin: readonly string[]): readonly string[] => [
  ...['journalctl', '--follow', '--no-pager', '--quiet', '--output=json', '--lines=all', ...begin],
  '--output-fields=MESSAGE,_PID',
  ...sshJournalMatches,
];

/** Lines of the journal as news. A refusal and the reason for it come in two lines of one process. */
export function createLoginReader(
  authority: () => Promise<string>,
): (line: string) => Promise<Waiting | undefined> {
  const reasons = new Map<string, string>();
  return async (line) => {
    const entry = parseEntry(line);
    if (entry === undefined) return undefined;
    const said = parseSshLine(textOf(entry, 'MESSAGE'));
    const pid = textOf(entry, '_PID');
    if (said === undefined) return undefined;
    if (said.kind === 'reason') {
      if (reasons.size > 1_000) reasons.clear();
      reasons.set(pid, said.what);
      return undefined;
    }
    const reason = reasons.get(pid);
    if (said.certificate !== undefined) reasons.delete(pid);
    const at = Math.floor(Number(textOf(entry, '__REALTIME_TIMESTAMP')) / 1_000);
    const ours = said.certificate !== undefined && said.certificate.ca === (await authority());
    const news = newsOfTry(said, { at, ours, reason });
    return news && { news, cursor: textOf(entry, '__CURSOR') };
  };
}

/** What the audit log says of one try; nothing of strangers who try keys and passwords. */
export function newsOfTry(
  { kind, user, from, method, key, certificate }: SshTry,
  { at, ours, reason }: { readonly at: number; readonly ours: boolean; readonly reason: string | undefined },
): News | undefined {
  const known = ours && certificate !== undefined;
  const who = known ? certificate.id : undefined;
  const detail = {
    account: user,
    from,
    ...(known ? { who: certificate.id, serial: String(certificate.serial) } : { method }),
    ...(!known && key !== undefined ? { key } : {}),
  };
  const about = { at, subject: user, detail };
  if (kind === 'accepted') {
    const by = known
      ? `${who} logged in as ${user} from ${from} with certificate ${certificate.serial}`
      : `somebody logged in as ${user} from ${from} by ${method}${key === undefined ? '' : ` (${key})`}, not by a certificate of the fleet`;
    return { ...about, kind: 'login', what: by };
  }
  if (!known) return undefined;
  const why = reason === undefined ? '' : `: ${reason}`;
  const what = `certificate ${certificate.serial} of ${who} was refused for ${user} from ${from}${why}`;
  return { ...about, kind: 'login-refused', what, detail: { ...detail, ...(reason ? { reason } : {}) } };
}

let lastAuthority: { readonly text: string; readonly fingerprint: string } | undefined;

/** `SHA256:…` of the authority that this machine trusts; empty when it trusts none. */
async function fingerprintOf(path: string): Promise<string> {
  const text = await readFile(path, 'utf8').catch(() => '');
  if (text === '') return '';
  if (lastAuthority?.text !== text) {
    const { stdout } = await exec(['ssh-keygen', '-l', '-E', 'sha256', '-f', path], { timeoutMs: 10_000 });
    lastAuthority = { text, fingerprint: stdout.split(' ')[1] ?? '' };
  }
  return lastAuthority.fingerprint;
}
