import { batch } from './batch.ts';
import { type Executed, exec, run } from './exec.ts';

/** A systemd unit as `systemctl show` tells it. Times are µs of the monotonic clock; 0 means never. */
export interface UnitState {
  readonly name: string;
  readonly load: string;
  readonly active: string;
  readonly sub: string;
  readonly result: string;
  readonly restarts: number;
  readonly exitCode: number;
  /** How the main process ended: 0 not yet, 1 exited, 2 killed, 3 dumped. */
  readonly exitKind: number;
  readonly startedUs: number;
  readonly exitedUs: number;
  readonly activeSinceUs: number;
  readonly invocation: string;
  /** systemd has something to do with it yet: of a unit that does not run, to start it. */
  readonly hasJob: boolean;
  readonly file: string;
  /** The file it is read from. */
  readonly fragment: string;
  /** systemd also says so of all units, from when one is enabled until it reads them anew. */
  readonly needsReload: boolean;
}

const properties = [
  ...['Id', 'LoadState', 'ActiveState', 'SubState', 'Result', 'NRestarts', 'ExecMainStatus', 'ExecMainCode'],
  ...['ExecMainStartTimestampMonotonic', 'ExecMainExitTimestampMonotonic', 'ActiveEnterTimestampMonotonic'],
  ...['InvocationID', 'Job', 'UnitFileState', 'NeedDaemonReload', 'FragmentPath'],
];

/** States of units, by the names asked for, in one process. */
export async function showUnits(names: readonly string[]): Promise<ReadonlyMap<string, UnitState>> {
  if (names.length === 0) return new Map();
  const text = await run(['systemctl', 'show', '-p', properties.join(','), '--', ...names]);
  const blocks = text.trim().split('\n\n').map(parseUnit);
  return new Map(names.flatMap((name, index) => (blocks[index] ? [[name, blocks[index]]] : [])));
}

/**
 * The same, with what the files say by now of whether units are enabled. systemd remembers that from when it last read
 * them, so that a link which is made or removed by hand does not show.
 */
export async function showUnitsAsFiled(names: readonly string[]): Promise<ReadonlyMap<string, UnitState>> {
  const [states, files] = await Promise.all([showUnits(names), fileStates(names)]);
  return new Map(
    [...states].map(([name, state]) => [name, { ...state, file: files.get(name) ?? state.file }]),
  );
}

async function fileStates(names: readonly string[]): Promise<ReadonlyMap<string, string>> {
  if (names.length === 0) return new Map();
  // It fails when one of them is not enabled, and prints a line for each all the same.
  const { stdout } = await systemctl(['is-enabled', '--', ...names], 20_000);
  const lines = stdout.trim().split('\n');
  if (lines.length !== names.length) return new Map();
  return new Map(names.flatMap((name, n) => (lines[n] === 'not-found' ? [] : [[name, lines[n] ?? '']])));
}

/**
 * Enables or disables a unit by its links alone. To ask systemd for it makes systemd take all units for out of date
 * until it reads them anew, and nothing here changes what it has already read.
 */
export const switchUnit = (verb: 'enable' | 'disable', name: string): readonly string[] => [
  '--root=/',
  verb,
  name,
];

/** One block of `systemctl show`: blocks come in the order asked for. */
export function parseUnit(block: string): UnitState {
  const found = new Map(
    block.split('\n').map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  );
  const text = (key: string): string => found.get(key) ?? '';
  const number = (key: string): number => Number(text(key)) || 0;
  return {
    name: text('Id'),
    load: text('LoadState'),
    active: text('ActiveState'),
    sub: text('SubState'),
    result: text('Result'),
    restarts: number('NRestarts'),
    exitCode: number('ExecMainStatus'),
    exitKind: number('ExecMainCode'),
    startedUs: number('ExecMainStartTimestampMonotonic'),
    exitedUs: number('ExecMainExitTimestampMonotonic'),
    activeSinceUs: number('ActiveEnterTimestampMonotonic'),
    invocation: text('InvocationID'),
    hasJob: number('Job') > 0,
    file: text('UnitFileState'),
    fragment: text('FragmentPath'),
    needsReload: text('NeedDaemonReload') === 'yes',
  };
}

/** Makes systemd read unit files anew. Calls that come together share one run, which costs it 150 ms and more. */
export const daemonReload: () => Promise<void> = (() => {
  const join = batch<null>(async () => void (await run(['systemctl', 'daemon-reload'])), 5);
  return async () => await join(null);
})();

export const systemctl = async (args: readonly string[], timeoutMs = 120_000): Promise<Executed> =>
  await exec(['systemctl', ...args], { timeoutMs });

/**
 * Takes away what keeps a unit from being started, until the next start of the machine or for ever. systemd knows it
 * with the next reading of all units.
 */
export async function allowStart(unit: string): Promise<void> {
  for (const how of [[], ['--runtime']]) await systemctl(['unmask', '--no-reload', ...how, unit]);
}

/** Why systemctl failed: its first line that is neither a warning nor advice where to look. */
export const reasonOf = (stderr: string): string =>
  stderr.split('\n').find((line) => line.trim() !== '' && !/^(?:Warning: |See "|Hint: )/.test(line)) ?? '';

/** Last lines a unit printed, its own and those about it. */
export async function unitLog(unit: string, lines = 10): Promise<readonly string[]> {
  const argv = ['journalctl', '--no-pager', '-q', '-b', '-o', 'cat', '-n', String(lines), '-u', unit];
  const { stdout } = await exec(argv, { timeoutMs: 10_000 });
  return stdout.trimEnd() === '' ? [] : stdout.trimEnd().split('\n');
}
