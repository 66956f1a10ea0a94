import { showDuration } from '#base/duration.ts';
import type { Shell } from '#cli/shell.ts';
import { type Live, liveOn } from './live.ts';

/** How a long command tells what it does: on a terminal a step turns until it is done, elsewhere it gets a line. */
export interface Progress {
  /** Runs a step. `result` says what came of it, on the line that stays. */
  step<T>(
    what: string,
    action: (say: (detail: string) => void) => Promise<T>,
    result?: (value: T) => string,
  ): Promise<T>;
  /** A line that stays. */
  note(text: string): void;
  /** A line that only those get who have no live view. */
  tell(text: string): void;
  /** The block below the lines, for a view of one's own. */
  readonly live: Live;
  /** ms since the command began. */
  elapsedMs(): number;
  /** Ends all drawing; the view is taken away. */
  close(): void;
}

const frameMs = 100;

/** Progress on standard error; silent when `quiet`. */
export function progressOn(shell: Shell, quiet: boolean): Progress {
  const { paint, marks } = shell.err;
  const live = quiet ? silent : liveOn(shell.err);
  const began = shell.now();
  let timer: ReturnType<typeof setInterval> | undefined;
  const stop = (): void => {
    clearInterval(timer);
    timer = undefined;
  };
  return {
    live,
    elapsedMs: () => shell.now() - began,
    note: (text) => live.print(text),
    tell: (text) => {
      if (!shell.err.isTerminal) live.print(text);
    },
    close() {
      stop();
      live.clear();
    },
    async step(what, action, result) {
      const start = shell.now();
      let detail = '';
      let frame = 0;
      const took = (): string => paint.dim(showDuration(shell.now() - start));
      const draw = (): void => {
        const spinner = marks.spinner[frame % marks.spinner.length] ?? '';
        live.show([
          `${paint.cyan(spinner)} ${what}  ${took()}${detail === '' ? '' : `  ${paint.dim(detail)}`}`,
        ]);
      };
      timer = setInterval(() => {
        frame += 1;
        draw();
      }, frameMs);
      try {
        if (shell.err.isTerminal) draw();
        const value = await action((text) => {
          detail = text;
        });
        live.clear();
        const said = result?.(value) ?? '';
        live.print(`${paint.green(marks.done)} ${what}${said === '' ? '' : `: ${said}`}  ${took()}`);
        return value;
      } catch (error) {
        live.clear();
        live.print(`${paint.red(marks.failed)} ${what}  ${took()}`);
        throw error;
      } finally {
        stop();
      }
    },
  };
}

const silent: Live = { show() {}, print() {}, keep() {}, clear() {} };
