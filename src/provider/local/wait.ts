import { BallastError } from '#base/errors.ts';

/** The error of work that was told to stop. */
export function interrupted(signal: AbortSignal): BallastError {
  return signal.reason instanceof BallastError
    ? signal.reason
    : new BallastError('interrupted', 'interrupted', { cause: signal.reason });
}

/**
 * Waits until `done` says so, for what the kernel tells nobody about (an emptied cgroup of version 1, a process that
 * is not a child). Answers whether it came to be in time.
 */
export async function eventually(done: () => boolean, timeoutMs: number): Promise<boolean> {
  const end = performance.now() + timeoutMs;
  while (!done()) {
    if (performance.now() > end) return false;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return true;
}
