import { BallastError } from '#base/errors.ts';
import type { Command } from './command.ts';
import { runOther, runProgram } from './program.ts';
import { marksFor } from './render/marks.ts';
import { coloured, plain, wantsColour } from './render/paint.ts';
import type { Output, Shell } from './shell.ts';

/** Runs the command line in this process, to its end. */
export async function start(words: readonly string[]): Promise<void> {
  await inThisProcess(words, (shell) => runProgram(words, shell));
}

/** The same for a program that main.ts brings. */
export async function startOther(name: string, other: Command, words: readonly string[]): Promise<void> {
  await inThisProcess(words, (shell) => runOther(name, other, words, shell));
}

async function inThisProcess(
  words: readonly string[],
  run: (shell: Shell) => Promise<number>,
): Promise<void> {
  const interrupted = new AbortController();
  stopOnSignals(interrupted);
  quietlyEndWithThePipe();
  const code = await run(processShell(words, interrupted.signal));
  await flushed(process.stdout);
  await flushed(process.stderr);
  process.exit(code);
}

/** This process, as commands see it. */
export function processShell(words: readonly string[], signal: AbortSignal): Shell {
  const end = words.indexOf('--');
  const noColour = words.slice(0, end < 0 ? undefined : end).includes('--no-color');
  return {
    out: outputOf(process.stdout, noColour),
    err: outputOf(process.stderr, noColour),
    get input() {
      return { isTerminal: process.stdin.isTTY === true, stream: process.stdin };
    },
    env: process.env,
    cwd: process.cwd(),
    signal,
    now: () => Date.now(),
  };
}

function outputOf(stream: NodeJS.WriteStream, noColour: boolean): Output {
  const isTerminal = stream.isTTY === true;
  return {
    write: (text) => {
      stream.write(text);
    },
    isTerminal,
    columns: () => (isTerminal && stream.columns > 0 ? stream.columns : 100),
    rows: () => (isTerminal && stream.rows > 0 ? stream.rows : 24),
    paint: wantsColour(process.env, isTerminal, noColour) ? coloured : plain,
    marks: marksFor(process.env),
  };
}

/** The first signal asks the command to end, which may take a moment; the second ends it at once. */
function stopOnSignals(interrupted: AbortController): void {
  const codes = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;
  for (const [name, code] of Object.entries(codes)) {
    process.on(name, () => {
      if (interrupted.signal.aborted) process.exit(code);
      interrupted.abort(new BallastError('interrupted', 'interrupted'));
    });
  }
}

/** `ballast logs | head` ends when head does, without a word: 141 is what the shell gives for a broken pipe. */
function quietlyEndWithThePipe(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EPIPE') process.exit(141);
      throw error;
    });
  }
}

function flushed(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    if (stream.writableLength === 0) resolve();
    else stream.write('', () => resolve());
  });
}
