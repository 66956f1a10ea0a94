import { exec } from './exec.ts';

/** What is asked of the journal about containers. */
export interface JournalQuery {
  readonly containers: readonly string[];
  readonly follow: boolean;
  /** Lines to begin with; negative: all. */
  readonly tail: number;
  /** ms since the epoch. */
  readonly sinceMs?: number;
}

/** One journal entry with the fields that were asked for. A text that is no UTF-8 comes as numbers. */
export type JournalEntry = Readonly<Record<string, string | readonly number[] | undefined>>;

export interface ContainerLine {
  readonly container: string;
  /** ms since the epoch. */
  readonly at: number;
  readonly stream: 'stdout' | 'stderr';
  readonly text: string;
}

/** The command that prints what containers print, one JSON object a line. */
export const containerJournal = ({ containers, follow, tail, sinceMs }: JournalQuery): readonly string[] => [
  ...['journalctl', '--no-pager', '--quiet', '--output=json', '--all'],
  '--output-fields=MESSAGE,PRIORITY,CONTAINER_NAME,CONTAINER_PARTIAL_MESSAGE',
  ...(tail < 0 ? ['--lines=all'] : [`--lines=${tail}`]),
  ...(sinceMs === undefined ? [] : [`--since=@${(sinceMs / 1_000).toFixed(3)}`]),
  ...(follow ? ['--follow'] : []),
  // The same field twice means either of them.
  ...containers.map((name) => `CONTAINER_NAME=${name}`),
];

/** Entry of one line of `journalctl -o json`, or undefined when it is none. */
export function parseEntry(line: string): JournalEntry | undefined {
  try {
    return JSON.parse(line) as JournalEntry;
  } catch {
    return undefined;
  }
}

export function textOf(entry: JournalEntry, field: string): string {
  const value = entry[field];
  if (value === undefined || value === null) return '';
  return typeof value === 'string' ? value : Buffer.from(value).toString('utf8');
}

/** Puts a container's entries together to lines: a long line comes in several entries. */
export function lineReader(onLine: (line: ContainerLine) => void): (line: string) => void {
  const begun = new Map<string, string>();
  return (raw) => {
    const entry = parseEntry(raw);
    if (entry === undefined) return;
    const container = textOf(entry, 'CONTAINER_NAME');
    const stream = textOf(entry, 'PRIORITY') === '3' ? 'stderr' : 'stdout';
    const key = `${container} ${stream}`;
    const text = (begun.get(key) ?? '') + textOf(entry, 'MESSAGE').replace(/\n$/, '');
    if (textOf(entry, 'CONTAINER_PARTIAL_MESSAGE') === 'true' && text.length < 64 << 10) {
      begun.set(key, text);
      return;
    }
    begun.delete(key);
    const at = Math.floor(Number(textOf(entry, '__REALTIME_TIMESTAMP')) / 1_000);
    for (const part of text.split('\n')) onLine({ container, at, stream, text: part });
  };
}

/** How a container of this name last ended, as podman told; undefined when it never did or that is forgotten. */
export async function lastExit(container: string): Promise<{ exitCode: number; at: number } | undefined> {
  const argv = ['journalctl', '--no-pager', '--quiet', '--output=json', '--lines=1', 'PODMAN_EVENT=died'];
  const { stdout } = await exec([...argv, `PODMAN_NAME=${container}`], { timeoutMs: 10_000 });
  const entry = parseEntry(stdout);
  if (entry === undefined) return undefined;
  const at = Math.floor(Number(textOf(entry, '__REALTIME_TIMESTAMP')) / 1_000);
  return { exitCode: Number(textOf(entry, 'PODMAN_EXIT_CODE')), at };
}

/** Last lines of a container, oldest first. What its start says of it, when it never came to print anything. */
export async function lastLines(container: string, lines = 10): Promise<readonly string[]> {
  const query = { containers: [container], follow: false, tail: lines };
  const found: string[] = [];
  const read = lineReader(({ text }) => found.push(text));
  const { stdout } = await exec(containerJournal(query), { timeoutMs: 10_000 });
  for (const line of stdout.split('\n')) read(line);
  if (found.length > 0) return found.slice(-lines);
  const argv = ['journalctl', '--no-pager', '--quiet', '-o', 'cat', '-n', String(lines * 4)];
  // What podman and the checks before it print; its events come another way.
  const from = [`_SYSTEMD_UNIT=${container}.service`, '_TRANSPORT=stdout'];
  const own = await exec([...argv, ...from], { timeoutMs: 10_000 });
  return tellingLines(own.stdout.split('\n')).slice(-lines);
}

/** What podman printed without its own book-keeping: events, and the id of what it started. */
export const tellingLines = (lines: readonly string[]): readonly string[] =>
  lines.filter(
    (line) => line !== '' && !/^\d{4}-\d\d-\d\d .* m=\+\d+\.\d+ /.test(line) && !/^[0-9a-f]{64}$/.test(line),
  );
