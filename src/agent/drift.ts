import { readFile } from 'node:fs/promises';
import { createDriftBook, type DriftBook } from './drift-book.ts';
import { openDriftFile } from './drift-file.ts';
import type { News } from './news.ts';
import { createRepairs, type Repairs, type RepairsOptions } from './repair.ts';
import { createWitness, type Witness } from './witness.ts';

export interface DriftParts {
  readonly drift: DriftBook;
  readonly repairs: Repairs;
  readonly witness: Witness;
}

/** All that an agent knows and does about drift. */
export async function openDrift(
  stateDir: string,
  onNews: (news: News) => void,
  parts: Pick<RepairsOptions, 'guard' | 'converger'>,
): Promise<DriftParts> {
  const witness = createWitness(Date.now);
  const drift = createDriftBook({
    file: await openDriftFile(stateDir),
    bootId: (await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => '')).trim(),
    who: witness.who,
    onNews,
  });
  return { drift, witness, repairs: createRepairs({ drift, ...parts }) };
}
