import { assert } from '#base/assert.ts';
import { createBell, followLog, type LogSource } from './log-tail.ts';
import type { Change, Entry, Store } from './port.ts';

export interface MemoryStoreOptions {
  /** ms since the epoch; leases run by it. */
  readonly now?: () => number;
  /** Changes that are kept for followers. */
  readonly historyMax?: number;
}

/** A store without a disk, for tests and simulations: the same promises but for the power cut. */
export function createMemoryStore({ now = Date.now, historyMax = 10_000 }: MemoryStoreOptions = {}): Store {
  const current = new Map<string, Entry>();
  const leases = new Map<string, { holder: string; epoch: number; until: number }>();
  const closing = new AbortController();
  const bell = createBell();
  let log: Change[] = [];
  let revision = 0;
  let horizon = 0;

  const source: LogSource = {
    after: (prefix, from, limit) => wholeRevisions(log, { prefix, from, limit }),
    head: () => revision,
    horizon: () => horizon,
  };
  const open = () => assert(!closing.signal.aborted, 'the store is closed');

  return {
    async get(key) {
      open();
      return current.get(key);
    },
    async list(prefix) {
      open();
      const entries = [...current.values()].filter((entry) => entry.key.startsWith(prefix));
      return { revision, entries: entries.sort((a, b) => compareBytes(a.key, b.key)) };
    },
    async commit({ expect, changes }) {
      open();
      for (const [key, wanted] of Object.entries(expect)) {
        if ((current.get(key)?.revision ?? 0) !== wanted) return { ok: false, conflict: key };
      }
      revision += 1;
      for (const [key, value] of Object.entries(changes).sort(([a], [b]) => compareBytes(a, b))) {
        if (value === null) current.delete(key);
        else current.set(key, { key, value, revision });
        log.push({ key, value, revision });
      }
      while (log.length > historyMax) {
        horizon = log[0]?.revision ?? horizon;
        log = log.filter((change) => change.revision > horizon);
      }
      bell.ring();
      return { ok: true, revision };
    },
    watch(prefix, fromRevision, signal) {
      open();
      return followLog(source, bell, {
        prefix,
        fromRevision,
        signal: AbortSignal.any([signal, closing.signal]),
      });
    },
    async lease(name, holder, ttlMs) {
      open();
      const held = leases.get(name);
      const time = now();
      if (held !== undefined && held.holder !== holder && held.until > time) return undefined;
      const renewed = held !== undefined && held.holder === holder && held.until > time;
      const epoch = renewed ? held.epoch : (held?.epoch ?? 0) + 1;
      leases.set(name, { holder, epoch, until: time + ttlMs });
      return { epoch };
    },
    async close() {
      closing.abort();
    },
  };
}

/** SQLite compares keys as bytes; so does this. */
function compareBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

function wholeRevisions(
  log: readonly Change[],
  { prefix, from, limit }: { prefix: string; from: number; limit: number },
): readonly Change[] {
  const found = log.filter((change) => change.revision > from && change.key.startsWith(prefix));
  const last = found[limit - 1];
  return last === undefined ? found : found.filter((change) => change.revision <= last.revision);
}
