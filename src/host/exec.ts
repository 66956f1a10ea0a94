import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { must } from '#base/assert.ts';
import { BallastError } from '#base/errors.ts';

export interface ExecOptions {
  /** Written to its standard input, which is then closed. */
  readonly input?: string;
  /** A file that is its standard input, instead of `input`. */
  readonly inputFile?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  /** Called with each line of output and error output, as it comes. */
  readonly onLine?: (line: string) => void;
  /** Bytes of each stream that are kept, from the end. */
  readonly keepBytes?: number;
}

export interface Executed {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * The one place that starts processes and waits for them. Takes an argument array, never a shell line; bounded
 * in time and output. Answers with the exit code, whatever it is; throws only when the program cannot be started,
 * runs too long or is interrupted.
 */
export async function exec(argv: readonly string[], options: ExecOptions = {}): Promise<Executed> {
  const [program, ...args] = argv;
  if (program === undefined) throw new Error('assertion failed: empty command');
  const { timeoutMs = 120_000, keepBytes = 4 << 20, onLine } = options;
  const timeout = AbortSignal.timeout(timeoutMs);
  const signal = options.signal ? AbortSignal.any([options.signal, timeout]) : timeout;
  const file = options.inputFile === undefined ? undefined : openSync(options.inputFile, 'r');
  return await new Promise<Executed>((resolve, reject) => {
    const child = spawn(program, args, {
      stdio: [file ?? (options.input === undefined ? 'ignore' : 'pipe'), 'pipe', 'pipe'],
      signal,
      killSignal: 'SIGKILL',
      ...(options.env ? { env: { ...process.env, ...options.env } } : {}),
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    });
    if (file !== undefined) closeSync(file);
    const stdout = collect(must(child.stdout, 'stdout'), keepBytes, onLine);
    const stderr = collect(must(child.stderr, 'stderr'), keepBytes, onLine);
    child.stdin?.on('error', () => {}); // it may end without reading all of it
    child.stdin?.end(options.input);
    child.on('error', (cause: NodeJS.ErrnoException) => {
      if (cause.code === 'ENOENT') {
        reject(
          new BallastError('missing-tool', `${program} is not installed`, {
            cause,
            fix: `install it: apt-get install ${program}`,
          }),
        );
      } else if (timeout.aborted) {
        reject(
          new BallastError('timed-out', `${program} ran for more than ${timeoutMs} ms`, {
            cause,
            log: tail(stderr() || stdout()),
          }),
        );
      } else if (signal.aborted) {
        reject(new BallastError('interrupted', `${program} was interrupted`, { cause }));
      } else {
        reject(
          new BallastError('command-failed', `${program} could not be started`, {
            cause,
            why: cause.message,
          }),
        );
      }
    });
    child.on('close', (code) => resolve({ code: code ?? 137, stdout: stdout(), stderr: stderr() }));
  });
}

/** As `exec`, but any exit code except 0 is an error that shows the command's last lines. Returns its output. */
export async function run(argv: readonly string[], options: ExecOptions = {}): Promise<string> {
  const { code, stdout, stderr } = await exec(argv, options);
  if (code !== 0) {
    throw new BallastError('command-failed', `${argv.slice(0, 3).join(' ')} failed with exit code ${code}`, {
      log: tail(stderr || stdout),
    });
  }
  return stdout;
}

/** The last lines of a text, at most ten: what an error shows as evidence. */
export function tail(text: string, lines = 10): string[] {
  return text.trimEnd().split('\n').slice(-lines);
}

function collect(
  stream: NodeJS.ReadableStream,
  keepBytes: number,
  onLine?: (line: string) => void,
): () => string {
  let kept = '';
  let partial = '';
  stream.setEncoding('utf8');
  stream.on('data', (chunk: string) => {
    kept = (kept + chunk).slice(-keepBytes);
    if (!onLine) return;
    const lines = (partial + chunk).split('\n');
    partial = lines.pop() ?? '';
    lines.forEach(onLine);
  });
  stream.on('end', () => {
    if (onLine && partial) onLine(partial);
  });
  return () => kept;
}
