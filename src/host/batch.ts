/** Callers that wait for one shared run. */
interface Waiting<T> {
  readonly item: T;
  readonly resolve: () => void;
  readonly reject: (cause: unknown) => void;
}

/**
 * Joins calls that come within `windowMs`, or while a run is going on, into one run over all their items. Every
 * caller gets the outcome of a run that began after it called.
 */
export function batch<T>(
  work: (items: readonly T[]) => Promise<void>,
  windowMs: number,
): (item: T) => Promise<void> {
  let waiting: Waiting<T>[] = [];
  let running = false;

  async function drain(): Promise<void> {
    while (waiting.length > 0) {
      await new Promise((resolve) => setTimeout(resolve, windowMs));
      const taken = waiting;
      waiting = [];
      try {
        await work(taken.map(({ item }) => item));
        for (const { resolve } of taken) resolve();
      } catch (cause) {
        for (const { reject } of taken) reject(cause);
      }
    }
    running = false;
  }

  return (item) =>
    new Promise((resolve, reject) => {
      waiting.push({ item, resolve, reject });
      if (running) return;
      running = true;
      void drain();
    });
}

/** Runs at most `max` of the works given to it at a time, in the order they came. */
export function limit(max: number): <T>(work: () => Promise<T>) => Promise<T> {
  let running = 0;
  const queue: (() => void)[] = [];
  return async (work) => {
    if (running >= max) await new Promise<void>((resolve) => queue.push(resolve));
    else running += 1;
    try {
      return await work();
    } finally {
      // The place goes straight to the next in line, so that nobody slips in between.
      const next = queue.shift();
      if (next) next();
      else running -= 1;
    }
  };
}
