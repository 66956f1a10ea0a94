import { startProcess } from '#host/process.ts';

/** Starts a listening program again when it ends, at most once in two seconds. */
export function keepRunning(
  argv: readonly string[],
  onLine: (line: string) => void,
  signal: AbortSignal,
): void {
  if (signal.aborted) return;
  const running = startProcess(argv, { onLine });
  const stop = () => running.kill();
  signal.addEventListener('abort', stop);
  void running.done.then(() => {
    signal.removeEventListener('abort', stop);
    setTimeout(() => keepRunning(argv, onLine, signal), 2_000).unref();
  });
}
