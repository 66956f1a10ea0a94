import type { Marks } from './render/marks.ts';
import type { Paint } from './render/paint.ts';

/** All that a command may touch of the process it runs in, so that a test can hand it another. */
export interface Shell {
  /** Data goes here. */
  readonly out: Output;
  /** Everything else: progress, notes, errors. */
  readonly err: Output;
  readonly input: Input;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** Aborted by Ctrl-C or a request to end. */
  readonly signal: AbortSignal;
  /** ms since the epoch. */
  readonly now: () => number;
}

export interface Output {
  write(text: string): void;
  readonly isTerminal: boolean;
  columns(): number;
  rows(): number;
  readonly paint: Paint;
  readonly marks: Marks;
}

export interface Input {
  readonly isTerminal: boolean;
  /** The process's own standard input: for `exec`, which needs it raw, and for prompts. */
  readonly stream: NodeJS.ReadStream;
}

export function line(output: Output, text = ''): void {
  output.write(`${text}\n`);
}
