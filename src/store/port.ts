/**
 * The store: a small set of keys under one growing revision. A commit is all or nothing and goes through only
 * when every key it relies on is unchanged. What `commit` acknowledged survives a power cut.
 */
export interface Store {
  /** Value and revision of its last change; undefined when absent. */
  get(key: string): Promise<Entry | undefined>;
  /** All entries whose key begins with `prefix`, sorted by key, with the revision they were read at. */
  list(prefix: string): Promise<{ readonly revision: number; readonly entries: readonly Entry[] }>;
  /** Applies `changes` if all `expect` hold. The answer says at which revision, or which key was in the way. */
  commit(commit: Commit): Promise<Committed>;
  /** Every change after `fromRevision` under `prefix`, in order, without a gap, until the signal aborts. */
  watch(prefix: string, fromRevision: number, signal: AbortSignal): AsyncIterable<Change>;
  /** Takes or renews a lease; undefined while another holder's runs. Each new holder gets a higher epoch. */
  lease(name: string, holder: string, ttlMs: number): Promise<{ readonly epoch: number } | undefined>;
  close(): Promise<void>;
}

export interface Entry {
  readonly key: string;
  readonly value: string;
  readonly revision: number;
}

export interface Commit {
  /** Revision each key must have; 0: must not exist. */
  readonly expect: Readonly<Record<string, number>>;
  /** New values; null deletes. */
  readonly changes: Readonly<Record<string, string | null>>;
}

export type Committed =
  | { readonly ok: true; readonly revision: number }
  | { readonly ok: false; readonly conflict: string };

export interface Change {
  readonly key: string;
  readonly value: string | null;
  readonly revision: number;
}
