import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeAtomic } from '#host/atomic.ts';
import { batch } from '#host/batch.ts';
import type { Drift } from '#plan/drift.ts';
import { explain, log } from './log.ts';

/** What of drift outlives a restart of the agent: since when it is there and by whom is not seen again. */
export interface KeptDrift {
  /** Of the start of the machine after which it was last whole. */
  readonly boot: string;
  /** By key of the step that would put it right. */
  readonly entries: Readonly<Record<string, Drift>>;
}

export interface DriftFile {
  readonly read: () => KeptDrift;
  readonly write: (kept: KeptDrift) => void;
}

export async function openDriftFile(stateDir: string): Promise<DriftFile> {
  const path = join(stateDir, 'drift.json');
  let kept = await readKept(path);
  const write = batch<null>(async () => await writeAtomic(path, JSON.stringify(kept), { mode: 0o600 }), 0);
  return {
    read: () => kept,
    write(next) {
      kept = next;
      // Losing it costs a date: nothing waits for it and nothing fails by it.
      void write(null).catch((cause: unknown) =>
        log.again(path, `${path} is not written: ${explain(cause)}`),
      );
    },
  };
}

async function readKept(path: string): Promise<KeptDrift> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as KeptDrift;
  } catch {
    return { boot: '', entries: {} };
  }
}
