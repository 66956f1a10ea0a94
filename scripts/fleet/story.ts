import { performance } from 'node:perf_hooks';
import { showDuration } from '#base/duration.ts';

const frames = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];

/**
 * Tells on stderr what a script is doing: a line per step with its time, and on a terminal what is going on in the
 * steps that still run.
 */
export function createStory(): Story {
  const live = process.stderr.isTTY === true;
  const running = new Map<string, { readonly began: number; detail: string }>();
  const began = performance.now();
  let shown = 0;
  let frame = 0;
  const erase = (): void => {
    if (shown > 0) process.stderr.write(`\x1b[${shown}A\x1b[J`);
    shown = 0;
  };
  const draw = (): void => {
    if (!live) return;
    erase();
    frame = (frame + 1) % frames.length;
    for (const [name, step] of running) {
      const text = `${frames[frame]} ${name}  ${showDuration(performance.now() - step.began)}  ${step.detail}`;
      process.stderr.write(`${text.slice(0, (process.stderr.columns || 80) - 1)}\n`);
      shown += 1;
    }
  };
  const say = (line: string): void => {
    erase();
    process.stderr.write(`${line}\n`);
    draw();
  };
  return {
    say,
    elapsedMs: () => performance.now() - began,
    async step(name, action) {
      const step = { began: performance.now(), detail: '' };
      running.set(name, step);
      const timer = live ? setInterval(draw, 100) : undefined;
      try {
        const result = await action((detail) => {
          step.detail = detail;
        });
        running.delete(name);
        say(`✓ ${name}  ${showDuration(performance.now() - step.began)}`);
        return result;
      } catch (error) {
        running.delete(name);
        say(`✗ ${name}  ${showDuration(performance.now() - step.began)}`);
        throw error;
      } finally {
        clearInterval(timer);
      }
    },
  };
}

export interface Story {
  /** A line that stays. */
  say(line: string): void;
  elapsedMs(): number;
  /** Runs one step; `detail` may be told at any time and is shown while the step runs. */
  step<T>(name: string, action: (detail: (text: string) => void) => Promise<T>): Promise<T>;
}
