import { spawn } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, watch } from 'node:fs';
import { basename, dirname } from 'node:path';
import { must } from '#base/assert.ts';
import { BallastError } from '#base/errors.ts';
import { run, tail } from '#host/exec.ts';
import { hasSystemd } from './cgroup.ts';
import { controlOf } from './control.ts';
import { unitOf } from './names.ts';
import { type MachineRecord, pathsOf } from './record.ts';
import { interrupted } from './wait.ts';

/** The subcommand with which this program runs as a supervisor; one argument, the machine's directory. */
export const superviseCommand = 'local-supervise';

const startTimeoutMs = 15_000;

/**
 * Starts the supervisor of a machine that has none, and waits until it listens. It outlives this process: as a
 * transient unit where systemd is process 1, else in a session of its own.
 */
export async function startSupervisor(
  self: readonly string[],
  dir: string,
  record: MachineRecord,
  signal: AbortSignal,
): Promise<void> {
  const socket = controlOf(record);
  mkdirSync(dirname(socket), { recursive: true, mode: 0o700 });
  const stop = new AbortController();
  const listening = socketAppears(socket, AbortSignal.any([signal, stop.signal]));
  try {
    const argv = [...self, superviseCommand, dir];
    const ended = hasSystemd()
      ? startUnit(argv, dir, record, signal)
      : startDetached(argv, pathsOf(dir).console, stop.signal);
    await Promise.race([listening, ended]);
  } catch (cause) {
    if (signal.aborted) throw interrupted(signal);
    throw new BallastError('command-failed', `the supervisor of ${record.name} does not start`, {
      cause,
      why: (cause as Error).message,
      log: consoleTail(dir),
    });
  } finally {
    stop.abort();
    listening.catch(() => {});
  }
}

/** The last lines that a machine or its supervisor printed. */
export function consoleTail(dir: string): string[] {
  const path = pathsOf(dir).console;
  return existsSync(path) ? tail(readFileSync(path, 'utf8')) : [];
}

/** Only ever rejects: when the process ends before it listens. */
function startDetached(argv: readonly string[], log: string, signal: AbortSignal): Promise<never> {
  const [program, ...args] = argv;
  const output = openSync(log, 'a', 0o600);
  const child = spawn(must(program, 'program'), args, { detached: true, stdio: ['ignore', output, output] });
  closeSync(output);
  child.unref();
  return new Promise((_, reject) => {
    child.once('error', reject);
    const early = (code: number | null): void => reject(new Error(`it ended with code ${code ?? 'none'}`));
    child.once('exit', early);
    signal.addEventListener('abort', () => child.off('exit', early));
  });
}

async function startUnit(
  argv: readonly string[],
  dir: string,
  record: MachineRecord,
  signal: AbortSignal,
): Promise<never> {
  const { console: log } = pathsOf(dir);
  await run(unitArgv(argv, unitOf(record.fleet, record.name), log), { signal });
  return await new Promise<never>(() => {}); // systemd-run ends at once; the socket tells the rest
}

/**
 * The command that makes a unit of a supervisor. Its cgroup is delegated, so that the supervisor may make the
 * machine's within it; the size is set there, on the machine alone.
 */
export const unitArgv = (argv: readonly string[], unit: string, log: string): string[] => [
  'systemd-run',
  '--quiet',
  '--collect',
  `--unit=${unit}`,
  '--property=Delegate=yes',
  '--property=KillMode=mixed',
  '--property=TimeoutStopSec=30',
  `--property=StandardOutput=append:${log}`,
  `--property=StandardError=append:${log}`,
  '--',
  ...argv,
];

function socketAppears(path: string, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const watcher = watch(dirname(path), (_, name) => {
      if (name === basename(path)) end(resolve);
    });
    const timer = setTimeout(
      () => end(() => reject(new Error(`it does not listen after ${startTimeoutMs / 1000} s`))),
      startTimeoutMs,
    );
    const end = (settle: () => void): void => {
      watcher.close();
      clearTimeout(timer);
      signal.removeEventListener('abort', abort);
      settle();
    };
    const abort = (): void => end(() => reject(interrupted(signal)));
    signal.addEventListener('abort', abort);
    if (signal.aborted) abort();
  });
}
