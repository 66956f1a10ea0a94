import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Condition, Word } from '#converge/liveness/trouble.ts';

/** What an agent knew of its neighbourhood, for the next one: in memory only, so that a boot begins without it. */
export interface Recall {
  readonly own: Readonly<Record<string, Condition>>;
  readonly away: readonly string[];
  readonly words: Readonly<Record<string, Word>>;
}

const path = '/run/ballast/neighbours.json';

export function readRecall(): Recall | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Recall;
  } catch {
    return undefined; // the first run since the machine started
  }
}

export function writeRecall(recall: Recall): void {
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o755 });
    writeFileSync(path, JSON.stringify(recall), { mode: 0o600 });
  } catch {
    // It is a help to the next run, no more.
  }
}
