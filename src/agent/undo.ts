import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { retryDelayMs } from '#converge/backoff.ts';
import type { LedgerEntry } from '#converge/ledger.ts';
import { removeFile, writeAtomic } from '#host/atomic.ts';
import { giveBack, type Snapshot } from '#host/snapshot.ts';

/**
 * Changes that could cut the machine off, from before the first of them until the machine holds all that its manifest
 * asks for. What is proven harmless goes back all the same with what comes after it: rules that nobody has loaded yet
 * harm nobody, and the unit that loads them does.
 */
export interface OpenChanges {
  readonly proven: boolean;
  /** By place: what was about to be applied, and what the ledger said before. */
  readonly places: Readonly<Record<string, { readonly digest: string; readonly entry: LedgerEntry | null }>>;
  readonly snapshots: readonly Snapshot[];
}

/** Changes that were taken back. */
export interface Undone {
  /** By place. */
  readonly records: Readonly<Record<string, UndoRecord>>;
  /** Ledger entries to go back to, by place; null where there was none. Gone once that is done. */
  readonly entries?: Readonly<Record<string, LedgerEntry | null>>;
}

export interface UndoRecord {
  /** Of what was wanted: anything else may be tried. */
  readonly digest: string;
  readonly why: string;
  readonly tries: number;
  /** When the same may be tried again, ms since the epoch; null: not unless a person says so. */
  readonly until: number | null;
  /** Nobody answered at all, which may have had another reason: it is tried once more. */
  readonly unanswered?: true;
}

/**
 * Why changes go back: a step `failed`; they `cut` the machine off from a control plane that was there; or it was
 * `unanswered` whether they did.
 */
export interface Verdict {
  readonly why: string;
  readonly kind: 'failed' | 'cut' | 'unanswered';
}

/** Why all that was just undone is to be tried once more, and waits for it; undefined when that is not so. */
export function doubtOf({ records, entries = {} }: Undone): string | undefined {
  const all = Object.keys(entries).flatMap((place) => records[place] ?? []);
  const doubtful = all.find(({ unanswered, until }) => unanswered === true && until !== null);
  return doubtful?.why;
}

/** Both hold what others must not read: files as they were, and password hashes. */
const openFile = (stateDir: string): string => join(stateDir, 'unconfirmed.json');
const undoneFile = (stateDir: string): string => join(stateDir, 'undone.json');
const mode = 0o600;

export const readOpen = async (stateDir: string): Promise<OpenChanges | undefined> =>
  await read(openFile(stateDir));
export const readUndone = async (stateDir: string): Promise<Undone> =>
  (await read<Undone>(undoneFile(stateDir))) ?? { records: {} };

export const writeOpen = async (stateDir: string, open: OpenChanges): Promise<void> =>
  await writeAtomic(openFile(stateDir), JSON.stringify(open), { mode });
export const writeUndone = async (stateDir: string, undone: Undone): Promise<void> =>
  await writeAtomic(undoneFile(stateDir), JSON.stringify(undone), { mode });
export const closeOpen = async (stateDir: string): Promise<void> => await removeFile(openFile(stateDir));

/**
 * Takes back all changes that are open, and notes why. Nothing open: nothing is done. The agent does it, or, when
 * that cannot, the timer; when both do, the second does the same again. What only `failed` may be tried again later,
 * all of it together; what cut the machine off may not. Where nobody answered, the control plane itself may have been
 * away: that is tried once more, and judged by its second try.
 */
export async function undoOpen(stateDir: string, { why, kind }: Verdict, now: number): Promise<void> {
  const open = await readOpen(stateDir);
  if (open === undefined || open.proven) return;
  const troubles = await giveBack(open.snapshots);
  const told = troubles.length === 0 ? why : `${why}; not all could be put back: ${troubles.join('; ')}`;
  const { records, entries } = await readUndone(stateDir);
  const places = Object.entries(open.places);
  const record = ([place, { digest }]: (typeof places)[number]): [string, UndoRecord] => {
    const before = records[place]?.digest === digest ? records[place] : undefined;
    const tries = (before?.tries ?? 0) + 1;
    const unanswered = kind === 'unanswered' || before?.unanswered === true;
    const isFinal = kind === 'cut' || (kind === 'unanswered' && before?.unanswered === true);
    const until = isFinal ? null : now + retryDelayMs(tries);
    return [place, { digest, why: told, tries, until, ...(unanswered ? { unanswered } : {}) }];
  };
  await writeUndone(stateDir, {
    records: { ...records, ...Object.fromEntries(places.map(record)) },
    entries: { ...entries, ...Object.fromEntries(places.map(([place, { entry }]) => [place, entry])) },
  });
  await closeOpen(stateDir);
}

async function read<T>(path: string): Promise<T | undefined> {
  const text = await readFile(path, 'utf8').catch(() => undefined);
  return text === undefined ? undefined : (JSON.parse(text) as T);
}
