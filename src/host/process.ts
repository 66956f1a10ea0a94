import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

/** A program that runs beside this one until it ends or is ended: for streams, where `exec` is for answers. */
export interface Running {
  /** Settles with its exit code; 128 and the signal's number when a signal ended it; 127 when it could not start. */
  readonly done: Promise<number>;
  /** Absent when it could not start. */
  readonly pid: number | undefined;
  readonly write: (data: Buffer) => void;
  readonly endInput: () => void;
  /** Holds its output back and lets it go on, when the reader cannot keep up. */
  readonly pause: () => void;
  readonly resume: () => void;
  readonly kill: (signal?: NodeJS.Signals) => void;
}

export interface RunningOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: boolean;
  readonly onOutput?: (fd: 1 | 2, data: Buffer) => void;
  /** Lines of its standard output, instead of `onOutput`. */
  readonly onLine?: (line: string) => void;
}

const signalNumbers: Readonly<Record<string, number>> = { SIGHUP: 1, SIGINT: 2, SIGKILL: 9, SIGTERM: 15 };

/** Starts a program from an argument array. It never throws: a program that cannot start ends with 127. */
export function startProcess(argv: readonly string[], options: RunningOptions = {}): Running {
  const [program = '', ...args] = argv;
  const child = spawn(program, args, {
    stdio: [options.stdin ? 'pipe' : 'ignore', 'pipe', options.onLine ? 'ignore' : 'pipe'],
    ...(options.env ? { env: { ...process.env, ...options.env } } : {}),
  });
  child.stdin?.on('error', () => {}); // It may end without reading all of it.
  if (options.onLine && child.stdout) createInterface({ input: child.stdout }).on('line', options.onLine);
  else {
    child.stdout?.on('data', (data: Buffer) => options.onOutput?.(1, data));
    child.stderr?.on('data', (data: Buffer) => options.onOutput?.(2, data));
  }
  return {
    done: ended(child, options),
    pid: child.pid,
    write: (data) => void child.stdin?.write(data),
    endInput: () => void child.stdin?.end(),
    pause: () => {
      child.stdout?.pause();
      child.stderr?.pause();
    },
    resume: () => {
      child.stdout?.resume();
      child.stderr?.resume();
    },
    kill: (signal = 'SIGTERM') => void child.kill(signal),
  };
}

async function ended(child: ChildProcess, options: RunningOptions): Promise<number> {
  return await new Promise((resolve) => {
    child.on('error', (cause) => {
      options.onOutput?.(2, Buffer.from(`${cause.message}\n`));
      resolve(127);
    });
    child.on('close', (code, signal) => resolve(code ?? 128 + (signalNumbers[signal ?? ''] ?? 0)));
  });
}
