import type { Running } from '#host/process.ts';

const highBytes = 4 << 20;
const lowBytes = 1 << 20;
const lookAgainMs = 20;

/** Holds a program's output back while more waits to be sent than is good for memory. Call it after each piece. */
export function throttle(running: () => Running | undefined, backlog: () => number): () => void {
  let paused = false;
  const look = (): void => {
    if (backlog() > lowBytes) return void setTimeout(look, lookAgainMs);
    paused = false;
    running()?.resume();
  };
  return () => {
    if (paused || backlog() < highBytes) return;
    paused = true;
    running()?.pause();
    setTimeout(look, lookAgainMs);
  };
}
