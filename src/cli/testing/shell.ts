import { asciiMarks, type Marks, unicodeMarks } from '#cli/render/marks.ts';
import { coloured, plain } from '#cli/render/paint.ts';
import type { Output, Shell } from '#cli/shell.ts';

export interface TestShell extends Shell {
  /** What was written so far. */
  readonly stdout: () => string;
  readonly stderr: () => string;
}

export interface TestShellOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly terminal?: boolean;
  readonly colour?: boolean;
  readonly ascii?: boolean;
  readonly columns?: number;
  readonly now?: () => number;
}

/** A shell that keeps what is written, with a clock that stands still unless it is given one. */
export function testShell(options: TestShellOptions = {}): TestShell {
  const written = { out: '', err: '' };
  const marks: Marks = options.ascii ? asciiMarks : unicodeMarks;
  const output = (name: 'out' | 'err'): Output => ({
    write: (text) => {
      written[name] += text;
    },
    isTerminal: options.terminal ?? false,
    columns: () => options.columns ?? 100,
    rows: () => 24,
    paint: options.colour ? coloured : plain,
    marks,
  });
  return {
    out: output('out'),
    err: output('err'),
    input: { isTerminal: false, stream: process.stdin },
    env: options.env ?? { HOME: '/nonexistent' },
    cwd: options.cwd ?? '/nonexistent',
    signal: new AbortController().signal,
    now: options.now ?? (() => Date.UTC(2026, 10, 22, 12)),
    stdout: () => written.out,
    stderr: () => written.err,
  };
}
