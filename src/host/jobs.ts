import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { same } from '#base/json.ts';
import { writeAtomic } from './atomic.ts';

/** How one-off containers ended, by name: kept, so that a reboot does not run them again. */
export type JobEnds = Readonly<Record<string, { readonly exitCode: number; readonly at: number }>>;

export interface JobBook {
  readonly ends: () => JobEnds;
  /** Remembers new ends and forgets those of jobs that are not wanted any more. */
  readonly write: (ends: JobEnds) => Promise<void>;
}

export async function openJobBook(stateDir: string): Promise<JobBook> {
  const path = join(stateDir, 'jobs.json');
  let ends = parse(await readFile(path, 'utf8').catch(() => '{}'));
  return {
    ends: () => ends,
    async write(next) {
      if (same(next, ends)) return;
      await writeAtomic(path, JSON.stringify(next), { mode: 0o600 });
      ends = next;
    },
  };
}

function parse(text: string): JobEnds {
  try {
    return JSON.parse(text) as JobEnds;
  } catch {
    return {};
  }
}
