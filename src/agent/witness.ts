import type { Resource } from '#compile/manifest.ts';
import { type JournalEntry, textOf } from '#host/journal.ts';
import { type Session, sessionsNow } from '#host/sessions.ts';
import { parseSshLine } from '#host/ssh-log.ts';

/** Whom a change is put down to. */
export interface Culprit {
  /** `by ana@example.com (session 4)`, or `while ana@example.com was logged in`. */
  readonly text: string;
  /** `ana@example.com (session 4)`. */
  readonly name: string;
  /** A trace of the session names the thing. Otherwise people were logged in, and that is all that is known. */
  readonly certain: boolean;
}

/** Remembers who was logged in over ssh, and what their sessions left in the journal. */
export interface Witness {
  /** Takes in an entry of the journal: of sshd, of podman, or of a program that changes accounts. */
  readonly heard: (entry: JournalEntry) => void;
  readonly who: (resource: Resource) => Promise<Culprit | undefined>;
}

interface Trace {
  readonly at: number;
  readonly session: string;
  readonly text: string;
}

interface Known extends Session {
  readonly endedAt?: number;
}

/** How long a trace stands for a change that is seen after it. */
const traceMs = 10_000;
/** A command over ssh may be over before its change is seen. */
const lingerMs = 2_000;

export function createWitness(
  now: () => number,
  open: () => Promise<readonly Session[]> = sessionsNow,
): Witness {
  const known = new Map<number, Known>();
  let traces: readonly Trace[] = [];

  function heardSsh(pid: number, entry: JournalEntry): void {
    const message = textOf(entry, 'MESSAGE');
    const said = parseSshLine(message);
    if (said?.kind === 'accepted') {
      const { user, certificate, key } = said;
      const who = certificate?.id ?? (key === undefined ? user : `key ${key}`);
      known.set(pid, { session: `ssh-${pid}`, user, who, since: now(), pid });
      return;
    }
    const session = known.get(pid);
    if (session && /session closed for user/.test(message)) known.set(pid, { ...session, endedAt: now() });
  }

  /** All who were logged in a moment ago; those whose end nobody told are looked for among the processes. */
  async function present(): Promise<readonly Known[]> {
    const at = now();
    const here = await open().catch((): readonly Session[] => []);
    for (const session of here) known.set(session.pid, session);
    const pids = new Set(here.map(({ pid }) => pid));
    for (const [pid, session] of known) {
      if (pids.has(pid)) continue;
      const endedAt = session.endedAt ?? at;
      if (at - endedAt > lingerMs) known.delete(pid);
      else known.set(pid, { ...session, endedAt });
    }
    return [...known.values()].sort((a, b) => a.since - b.since);
  }

  return {
    heard(entry) {
      const comm = textOf(entry, '_COMM');
      if (comm === 'sshd' || comm === 'sshd-session') heardSsh(Number(textOf(entry, '_PID')), entry);
      const session = sessionOf(entry);
      if (session === undefined) return;
      const text = `${textOf(entry, 'PODMAN_TYPE')} ${textOf(entry, 'PODMAN_NAME')} ${textOf(entry, 'MESSAGE')}`;
      const at = now();
      traces = [...traces.filter((trace) => at - trace.at < traceMs), { at, session, text }].slice(-200);
    },
    async who(resource) {
      const sessions = await present();
      const at = now();
      const name = nameOf(resource);
      const trace = traces.findLast((one) => at - one.at < traceMs && names(one.text, name));
      const culprit = trace && sessions.find(({ session }) => session === trace.session);
      if (culprit) {
        const shown = `${culprit.who} (session ${culprit.session})`;
        return { text: `by ${shown}`, name: shown, certain: true };
      }
      const all = [...new Set(sessions.map(({ who, session }) => shownAs(who, session)))];
      if (all.length === 0) return undefined;
      const list = all.length > 3 ? `${all.length} people` : listed(all);
      const text = `while ${list} ${all.length === 1 ? 'was' : 'were'} logged in`;
      return { text, name: list, certain: false };
    },
  };
}

const shownAs = (who: string, session: string): string => `${who} (session ${session})`;

const listed = (all: readonly string[]): string =>
  all.length < 2 ? all.join('') : `${all.slice(0, -1).join(', ')} and ${all.at(-1)}`;

/** The login session that an entry's own process was in, as the journal knows it and not as the process says. */
function sessionOf(entry: JournalEntry): string | undefined {
  const [, scope] = /^session-(.+)\.scope$/.exec(textOf(entry, '_SYSTEMD_UNIT')) ?? [];
  return textOf(entry, '_SYSTEMD_SESSION') || scope;
}

/** How traces call a resource. */
function nameOf(resource: Resource): string {
  switch (resource.kind) {
    case 'image':
      return resource.reference.replace(/^.*@/, '');
    case 'firewall':
      return `${resource.family} ${resource.table}`;
    default:
      return resource.id.slice(resource.id.indexOf(':') + 1).replace(/\.service$/, '');
  }
}

/** Whether a text names it as a word of its own: `web-1` is not named by `web-10`. */
function names(text: string, name: string): boolean {
  const isPart = (sign: string | undefined): boolean => sign !== undefined && /[\w-]/.test(sign);
  for (let at = text.indexOf(name); at >= 0; at = text.indexOf(name, at + 1)) {
    if (!isPart(text[at - 1]) && !isPart(text[at + name.length])) return true;
  }
  return false;
}
