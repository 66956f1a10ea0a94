import { chmodSync } from 'node:fs';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { assert } from '#base/assert.ts';
import { BallastError } from '#base/errors.ts';
import { createBell, followLog, type LogSource } from './log-tail.ts';
import type { Change, Commit, Committed, Entry, Store } from './port.ts';

export interface SqliteStoreOptions {
  readonly path: string;
  /** ms since the epoch; leases run by it. */
  readonly now?: () => number;
  /** Changes, and bytes of them, that are kept for followers. */
  readonly historyMax?: number;
  readonly historyBytesMax?: number;
}

// The log holds every value once; `current` only says which row of it is a key's newest. So a follower and a reader
// see the same rows, and history can be cut wherever no key points any more.
const schema = `
  create table if not exists log (
    revision integer not null, key text not null, value text, primary key (revision, key)
  ) without rowid;
  create table if not exists current (key text primary key, revision integer not null) without rowid;
  create table if not exists head (one integer primary key check (one = 1), revision integer not null, horizon integer not null);
  insert or ignore into head values (1, 0, 0);
  create table if not exists lease (
    name text primary key, holder text not null, epoch integer not null, until integer not null
  ) without rowid;
`;

const statements = {
  get: `select c.key, l.value, c.revision from current c join log l using (revision, key) where c.key = ?`,
  list: `select c.key, l.value, c.revision from current c join log l using (revision, key)
    where c.key >= ?1 and (?2 is null or c.key < ?2) order by c.key`,
  revisionOf: `select revision from current where key = ?`,
  append: `insert into log values (?, ?, ?)`,
  point: `insert or replace into current values (?, ?)`,
  drop: `delete from current where key = ?`,
  setHead: `update head set revision = ?`,
  head: `select revision, horizon from head`,
  after: `select key, value, revision from log
    where revision > ?1 and key >= ?2 and (?3 is null or key < ?3) order by revision, key limit ?4`,
  at: `select key, value, revision from log
    where revision = ?1 and key >= ?2 and (?3 is null or key < ?3) order by key`,
  lease: `select holder, epoch, until from lease where name = ?`,
  setLease: `insert or replace into lease values (?, ?, ?, ?)`,
} as const;

type Statements = Readonly<Record<keyof typeof statements, StatementSync>>;

/** Commits between two looks at how much history there is. */
const trimEvery = 256;

/**
 * A store in one SQLite file, for one process. WAL with synchronous=FULL: a commit that was acknowledged is on the
 * disk. Throws when the file cannot be opened or belongs to another process.
 */
export function openSqliteStore(options: SqliteStoreOptions): Store {
  const { now = Date.now } = options;
  const database = open(options.path);
  const query = Object.fromEntries(
    Object.entries(statements).map(([name, sql]) => [name, database.prepare(sql)]),
  ) as Statements;
  const closing = new AbortController();
  const bell = createBell();
  let sinceTrim = 0;

  const source: LogSource = {
    after: (prefix, revision, limit) => readLog(query, { prefix, revision, limit }),
    head: () => headOf(query).revision,
    horizon: () => headOf(query).horizon,
  };
  const alive = () => assert(!closing.signal.aborted, 'the store is closed');

  return {
    async get(key) {
      alive();
      return query.get.get(key) as Entry | undefined;
    },
    async list(prefix) {
      alive();
      const entries = query.list.all(prefix, afterPrefix(prefix)) as unknown as Entry[];
      return { revision: headOf(query).revision, entries };
    },
    async commit(commit) {
      alive();
      const committed = transaction(database, () => apply(query, commit));
      if (committed.ok) {
        sinceTrim += 1;
        if (sinceTrim >= trimEvery) {
          sinceTrim = 0;
          transaction(database, () => trim(database, options));
        }
        bell.ring();
      }
      return committed;
    },
    watch(prefix, fromRevision, signal) {
      alive();
      const both = AbortSignal.any([signal, closing.signal]);
      return followLog(source, bell, { prefix, fromRevision, signal: both });
    },
    async lease(name, holder, ttlMs) {
      alive();
      return transaction(database, () => takeLease(query, { name, holder, ttlMs, time: now() }));
    },
    async close() {
      if (closing.signal.aborted) return;
      closing.abort();
      database.close();
    },
  };
}

function open(path: string): DatabaseSync {
  try {
    const database = new DatabaseSync(path, { timeout: 2_000 });
    // Exclusive before WAL: a second process is refused instead of leading beside this one.
    database.exec('pragma locking_mode = exclusive; pragma journal_mode = wal; pragma synchronous = full;');
    database.exec('pragma foreign_keys = off; begin exclusive;');
    database.exec(schema);
    database.exec('commit;');
    chmodSync(path, 0o600);
    return database;
  } catch (cause) {
    throw new BallastError('internal', `the store ${path} cannot be opened`, {
      cause,
      why: cause instanceof Error ? cause.message : String(cause),
      fix: 'check that no other server runs on this data directory and that its disk is writable and not full',
    });
  }
}

function transaction<T>(database: DatabaseSync, body: () => T): T {
  database.exec('begin immediate');
  try {
    const result = body();
    database.exec('commit');
    return result;
  } catch (cause) {
    if (database.isTransaction) database.exec('rollback');
    throw cause;
  }
}

function apply(query: Statements, { expect, changes }: Commit): Committed {
  for (const [key, wanted] of Object.entries(expect)) {
    const found = query.revisionOf.get(key) as { revision: number } | undefined;
    if ((found?.revision ?? 0) !== wanted) return { ok: false, conflict: key };
  }
  const revision = headOf(query).revision + 1;
  query.setHead.run(revision);
  for (const [key, value] of Object.entries(changes)) {
    query.append.run(revision, key, value);
    if (value === null) query.drop.run(key);
    else query.point.run(key, revision);
  }
  return { ok: true, revision };
}

/** Whole revisions only: a follower continues after the last one it saw. */
function readLog(
  query: Statements,
  { prefix, revision, limit }: { prefix: string; revision: number; limit: number },
): readonly Change[] {
  const end = afterPrefix(prefix);
  const rows = query.after.all(revision, prefix, end, limit) as unknown as Change[];
  const last = rows.at(-1);
  if (rows.length < limit || last === undefined) return rows;
  const whole = rows.filter((row) => row.revision < last.revision);
  return [...whole, ...(query.at.all(last.revision, prefix, end) as unknown as Change[])];
}

function takeLease(
  query: Statements,
  { name, holder, ttlMs, time }: { name: string; holder: string; ttlMs: number; time: number },
): { readonly epoch: number } | undefined {
  const held = query.lease.get(name) as { holder: string; epoch: number; until: number } | undefined;
  const runs = held !== undefined && held.until > time;
  if (runs && held.holder !== holder) return undefined;
  const epoch = runs ? held.epoch : (held?.epoch ?? 0) + 1;
  query.setLease.run(name, holder, epoch, time + ttlMs);
  return { epoch };
}

/** Cuts history back to its limits; rows that are a key's newest value stay. */
function trim(
  database: DatabaseSync,
  { historyMax = 4_096, historyBytesMax = 64 << 20 }: SqliteStoreOptions,
): void {
  const row = database
    .prepare(
      `select max(revision) as cut from (
         select revision, row_number() over newest as n,
           sum(coalesce(length(value), 0)) over newest as bytes
         from log window newest as (order by revision desc, key)
       ) where n > ? or bytes > ?`,
    )
    .get(historyMax, historyBytesMax) as { cut: number | null };
  if (row.cut === null) return;
  database
    .prepare(
      `delete from log where revision <= ?1
         and not exists (select 1 from current c where c.key = log.key and c.revision = log.revision)`,
    )
    .run(row.cut);
  database.prepare('update head set horizon = max(horizon, ?)').run(row.cut);
}

function headOf(query: Statements): { readonly revision: number; readonly horizon: number } {
  return query.head.get() as { revision: number; horizon: number };
}

/** The first key that sorts after every key with this prefix; null: there is no end. */
function afterPrefix(prefix: string): string | null {
  return prefix === '' ? null : `${prefix}\u{10FFFF}`;
}
