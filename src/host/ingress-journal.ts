import { ingressUnit } from '#plan/ingress-ports.ts';
import { type JournalEntry, parseEntry, textOf } from './journal.ts';

export interface IngressQuery {
  /** Only requests for this host. */
  readonly host?: string;
  readonly follow: boolean;
  readonly tail: number;
  /** ms since the epoch. */
  readonly sinceMs?: number;
}

/** The command that prints what ingress was asked, one JSON object a line. */
export const ingressJournal = ({ host, follow, tail, sinceMs }: IngressQuery): readonly string[] => [
  ...['journalctl', '--no-pager', '--quiet', '--output=json', '--all'],
  '--output-fields=MESSAGE',
  ...(tail < 0 ? ['--lines=all'] : [`--lines=${tail}`]),
  ...(sinceMs === undefined ? [] : [`--since=@${(sinceMs / 1_000).toFixed(3)}`]),
  ...(follow ? ['--follow'] : []),
  // Whatever a pattern says beside letters and dots is quoted: a host name holds nothing else.
  `--grep=${host === undefined ? '"request":' : `"host":"${host.replaceAll(/[^a-z0-9-]/g, '[$&]')}(:[0-9]+)?"`}`,
  ...['--case-sensitive=yes', `_SYSTEMD_UNIT=${ingressUnit}`, '_TRANSPORT=stdout'],
];

interface Access {
  readonly request?: {
    readonly remote_ip?: string;
    readonly proto?: string;
    readonly method?: string;
    readonly host?: string;
    readonly uri?: string;
  };
  readonly status?: number;
  readonly size?: number;
  readonly duration?: number;
}

/** One request of the journal as a line for people: who asked for what, and what became of it. */
export function readAccess(line: string): { readonly at: number; readonly text: string } | undefined {
  const entry = parseEntry(line);
  const access = entry && accessOf(entry);
  if (entry === undefined || access?.request === undefined) return undefined;
  const { remote_ip = '-', proto = '-', method = '-', host = '-', uri = '-' } = access.request;
  const { status = 0, size = 0, duration = 0 } = access;
  return {
    at: Math.floor(Number(textOf(entry, '__REALTIME_TIMESTAMP')) / 1_000),
    text: `${remote_ip} ${method} ${host}${uri} ${proto} ${status} ${size}B ${(duration * 1_000).toFixed(1)}ms`,
  };
}

function accessOf(entry: JournalEntry): Access | undefined {
  try {
    return JSON.parse(textOf(entry, 'MESSAGE')) as Access;
  } catch {
    return undefined;
  }
}
