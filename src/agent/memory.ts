import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Manifest } from '#compile/manifest.ts';
import type { Ledger } from '#converge/ledger.ts';
import { removeFile, writeAtomic } from '#host/atomic.ts';
import { batch } from '#host/batch.ts';
import { explain, log } from './log.ts';

/** A manifest and the server that gave it: a later one comes from the same or a higher epoch. */
export interface Given {
  readonly epoch: number;
  readonly manifest: Manifest;
}

/** What the agent remembers across restarts. */
export interface Memory {
  readonly given: () => Given | undefined;
  readonly keepGiven: (given: Given) => Promise<void>;
  readonly ledger: () => Ledger;
  /** Settles when the ledger, this or a later one, is on disk. */
  readonly keepLedger: (ledger: Ledger) => Promise<void>;
}

/** `anew`: for a machine that joins anew, for which what it was given before does not count. What it holds still does. */
export async function openMemory(
  stateDir: string,
  { anew = false }: { readonly anew?: boolean } = {},
): Promise<Memory> {
  const givenFile = join(stateDir, 'manifest.json');
  const ledgerFile = join(stateDir, 'owned.json');
  if (anew) await removeFile(givenFile);
  let given = await readJson<Given>(givenFile);
  let ledger = (await readJson<Ledger>(ledgerFile)) ?? {};
  let saved = ledger;
  const write = batch<null>(async () => {
    const newest = ledger;
    await writeAtomic(ledgerFile, JSON.stringify(newest), { mode: 0o600 });
    saved = newest;
  }, 0);
  return {
    given: () => given,
    async keepGiven(next) {
      await writeAtomic(givenFile, JSON.stringify(next), { mode: 0o600 });
      given = next;
    },
    ledger: () => ledger,
    async keepLedger(next) {
      ledger = next;
      if (next !== saved) await write(null);
    },
  };
}

async function readJson<T>(path: string): Promise<T | undefined> {
  const text = await readFile(path, 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text) as T;
  } catch (cause) {
    // Files are written whole or not at all, so only another hand can have done this.
    log.error(`${path} is no JSON and is ignored: ${explain(cause)}`);
    return undefined;
  }
}
