/**
 * Something changed: policy, plan or what machines say. Those who care remember the version they looked at and wait
 * for a later one, so that no change is missed between looking and waiting, and many changes count as one.
 */
export interface Changes {
  readonly version: () => number;
  readonly mark: () => void;
  /** Settles when the version is later than `seen`, at the time `wakeAt`, or when the signal aborts. */
  readonly after: (seen: number, signal: AbortSignal, wakeAt?: number | null) => Promise<void>;
}

export function createChanges(now: () => number = Date.now): Changes {
  let version = 1;
  const waiting = new Set<() => void>();
  return {
    version: () => version,
    mark() {
      version += 1;
      for (const wake of [...waiting]) wake();
    },
    after: (seen, signal, wakeAt = null) =>
      new Promise<void>((resolve) => {
        if (version !== seen || signal.aborted) return resolve();
        const timer =
          wakeAt === null
            ? undefined
            : setTimeout(() => wake(), Math.min(Math.max(0, wakeAt - now()), 2 ** 31 - 1));
        const wake = () => {
          clearTimeout(timer);
          waiting.delete(wake);
          signal.removeEventListener('abort', wake);
          resolve();
        };
        waiting.add(wake);
        signal.addEventListener('abort', wake, { once: true });
      }),
  };
}
