import { fitsGlob } from '#base/glob.ts';
import type { RepairOutcome } from '#wire/agent-messages.ts';
import type { Converger } from './converger.ts';
import type { DriftBook } from './drift-book.ts';
import type { Guard } from './guard.ts';
import type { Stream, StreamContext, StreamRequest } from './stream.ts';

export interface RepairsOptions {
  readonly drift: DriftBook;
  /** Changes that were undone may be tried again. */
  readonly guard: Pick<Guard, 'forgive'>;
  readonly converger: () => Pick<Converger, 'failures' | 'looks' | 'markAll' | 'blockerOf'>;
}

/** Repairs that people asked for. */
export interface Repairs {
  readonly repair: (pattern: string, signal: AbortSignal) => Promise<RepairOutcome>;
  /** To be called whenever a look at the machine or a step has ended. */
  readonly look: () => void;
}

interface Waiting {
  readonly look: () => void;
}

export function createRepairs({ drift, guard, converger }: RepairsOptions): Repairs {
  const waiting = new Set<Waiting>();

  async function repair(pattern: string, signal: AbortSignal): Promise<RepairOutcome> {
    const { failures, looks, markAll, blockerOf } = converger();
    const takeBack = drift.release(pattern);
    const seen = new Set<string>();
    const matching = (): readonly string[] =>
      drift.list().flatMap(({ resource }) => (fitsGlob(resource, pattern) ? [resource] : []));
    for (const id of matching()) seen.add(id);
    failures.forgive();
    await guard.forgive();
    const old = new Set(failures.list());
    const { begun } = looks();
    return await new Promise<RepairOutcome>((resolve) => {
      const end = (): void => {
        waiting.delete(one);
        takeBack();
        const left = new Set(matching());
        resolve({
          repaired: [...seen].filter((id) => !left.has(id)).sort(),
          failures: failures.list().filter(({ resource }) => fitsGlob(resource, pattern)),
        });
      };
      const one: Waiting = {
        look() {
          const open = matching();
          for (const id of open) seen.add(id);
          const fresh = failures.list().filter((failure) => !old.has(failure));
          const failed = new Set(fresh.map(({ resource }) => resource));
          const isStuck = (id: string): boolean => failed.has(id) || blockerOf(id) !== undefined;
          if (looks().ended > begun && open.every(isStuck)) end();
        },
      };
      waiting.add(one);
      signal.addEventListener('abort', end, { once: true });
      markAll();
    });
  }

  return {
    repair,
    look() {
      for (const one of waiting) one.look();
    },
  };
}

/** Serves one request for a repair. */
export function runRepair(
  { stream, resource }: Extract<StreamRequest, { kind: 'repair' }>,
  { repair, send }: StreamContext,
): Stream {
  const stop = new AbortController();
  return {
    done: repair(resource, stop.signal).then((outcome) => {
      send({ kind: 'output', stream, fd: 1, data: Buffer.from(JSON.stringify(outcome)).toString('base64') });
      return { code: 0 };
    }),
    cancel: () => stop.abort(),
  };
}
