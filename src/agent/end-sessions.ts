import { readFile } from 'node:fs/promises';
import { type Session, sessionsNow } from '#host/sessions.ts';
import type { News } from './news.ts';

/** Where refused keys stand, each below a line that names its certificate. */
const revokedFile = '/etc/ssh/ballast/revoked';

/** Ends sessions whose certificate was revoked since: sshd itself asks only when somebody comes in. */
export function createSessionEnder(onNews: (news: News) => void): () => void {
  let last = '';
  let turn: Promise<void> = Promise.resolve();

  async function look(): Promise<void> {
    const text = await readFile(revokedFile, 'utf8').catch(() => '');
    if (text === last) return;
    last = text;
    const serials = revokedSerials(text);
    if (serials.size === 0) return;
    for (const session of await sessionsNow()) {
      if (session.serial !== undefined && serials.has(session.serial)) end(session, onNews);
    }
  }

  return () => {
    turn = turn.then(look).catch(() => {});
  };
}

export const revokedSerials = (text: string): ReadonlySet<number> =>
  new Set([...text.matchAll(/^# certificate (\d+) of /gm)].map((match) => Number(match[1])));

function end({ pid, who, user, serial, session }: Session, onNews: (news: News) => void): void {
  try {
    process.kill(pid, 'SIGTERM');
  } catch {
    return; // It ended by itself meanwhile.
  }
  onNews({
    at: Date.now(),
    kind: 'session-ended',
    subject: user,
    what: `the session ${session} of ${who} as ${user} was ended: certificate ${serial} is revoked`,
    detail: { account: user, who, serial: String(serial), session },
  });
}
