import { spawn } from 'node:child_process';
import { performance } from 'node:perf_hooks';

export interface Step {
  readonly name: string;
  readonly argv: readonly string[];
  readonly timeoutMs: number;
  /** Print output as it comes, rather than only after a failure. */
  readonly live?: boolean;
}

export interface StepResult {
  readonly name: string;
  readonly ok: boolean;
  readonly ms: number;
  readonly output: string;
}

const outputBytesMax = 4 << 20;
const graceMs = 20_000;
const drainMs = 2_000;

/** Set by a signal, which ends the running steps and all that would follow them. */
let interrupted = false;
const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Runs one command in a process group of its own and tells how it went. At its time limit, or when this program
 * is interrupted, it is asked to end and clean up; after a grace the whole group is made to.
 */
export async function runStep({ name, argv, timeoutMs, live = false }: Step): Promise<StepResult> {
  const began = performance.now();
  const [program = '', ...args] = argv;
  const child = spawn(program, args, {
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NO_COLOR: '1', FORCE_COLOR: undefined },
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output = (output + text).slice(-outputBytesMax);
      if (live) process.stdout.write(text);
    });
  }
  const timers: NodeJS.Timeout[] = [];
  const end = (why: string): void => {
    output += `\n${name}: ${why}\n`;
    child.kill('SIGINT');
    timers.push(setTimeout(() => signalGroup(child.pid, 'SIGTERM'), graceMs));
    timers.push(setTimeout(() => signalGroup(child.pid, 'SIGKILL'), 2 * graceMs));
  };
  timers.push(setTimeout(() => end(`ran for more than ${Math.round(timeoutMs / 1000)} s`), timeoutMs));
  const stop = (): void => {
    interrupted = true;
    end('was interrupted');
  };
  for (const signal of signals) process.once(signal, stop);
  if (interrupted) stop();
  const code = await new Promise<number>((resolve) => {
    child.once('error', (error) => {
      output += `${name}: ${error.message}\n`;
      resolve(127);
    });
    child.once('close', (exit) => resolve(exit ?? 137));
    // Something it left running may hold its output open for ever.
    child.once('exit', (exit) => timers.push(setTimeout(() => resolve(exit ?? 137), drainMs)));
  });
  timers.forEach(clearTimeout);
  for (const signal of signals) process.off(signal, stop);
  for (const stream of [child.stdout, child.stderr]) stream.destroy();
  return { name, ok: code === 0, ms: performance.now() - began, output };
}

function signalGroup(pid: number | undefined, signal: NodeJS.Signals): void {
  try {
    if (pid !== undefined) process.kill(-pid, signal);
  } catch {
    // It ended by itself.
  }
}

/** One line per step; the output of a step that failed follows it. */
export function printStep({ name, ok, ms, output }: StepResult, live = false): void {
  console.log(`${ok ? 'ok    ' : 'FAILED'}  ${name.padEnd(12)} ${(ms / 1000).toFixed(1).padStart(6)} s`);
  if (!ok && !live) console.log(output.trimEnd());
}

/** Does `work` for every item, in order, two at a time. */
export async function inTwoLanes<T, R>(
  items: readonly T[],
  work: (item: T) => Promise<R>,
): Promise<readonly R[]> {
  const waiting = [...items];
  const results: R[] = [];
  const lane = async (): Promise<void> => {
    for (let item = waiting.shift(); item !== undefined; item = waiting.shift())
      results.push(await work(item));
  };
  await Promise.all([lane(), lane()]);
  return results;
}
