import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** What a machine is. Complete: its supervisor needs nothing else. */
export interface MachineRecord {
  readonly fleet: string;
  readonly name: string;
  readonly address: string;
  /** `making` until its root is ready for its first boot. */
  readonly phase: 'making' | 'made';
  readonly size: { readonly cpus?: number; readonly memoryBytes?: number };
  /** Directories below the machine's own, uppermost first. The last one is the base. */
  readonly lower: readonly string[];
  /** Digest of the files it was last given. */
  readonly seed: string;
}

/** Where everything of one machine is kept. */
export interface MachinePaths {
  readonly dir: string;
  readonly record: string;
  readonly upper: string;
  readonly work: string;
  /** Where its root file system is mounted while it runs. */
  readonly root: string;
  /** Container storage: on a real file system, since overlays do not stack as upper directories. */
  readonly containers: string;
  /** Where the machine tells its supervisor that it is up. */
  readonly signals: string;
  readonly console: string;
  /** There while the machine is to stay off. Beside the record, so that it is set while others hold the machine's lock. */
  readonly held: string;
}

export const machinesIn = (stateDir: string): string => join(stateDir, 'machines');

export function pathsOf(dir: string): MachinePaths {
  return {
    dir,
    record: join(dir, 'machine.json'),
    upper: join(dir, 'upper'),
    work: join(dir, 'work'),
    root: join(dir, 'root'),
    containers: join(dir, 'containers'),
    signals: join(dir, 'signals'),
    console: join(dir, 'console.log'),
    held: join(dir, 'held'),
  };
}

/** The record in a machine's directory, or undefined when there is none. */
export function readRecord(dir: string): MachineRecord | undefined {
  try {
    return JSON.parse(readFileSync(pathsOf(dir).record, 'utf8')) as MachineRecord;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

export function writeRecord(dir: string, record: MachineRecord): void {
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const path = pathsOf(dir).record;
  writeFileSync(`${path}.new`, `${JSON.stringify(record, null, 2)}\n`, { mode: 0o600 });
  renameSync(`${path}.new`, path);
}

/** Whether someone put the machine off. */
export const isHeld = (dir: string): boolean => existsSync(pathsOf(dir).held);

/** Makes the machine one that stays off until someone puts it on, or no longer one. */
export function hold(dir: string, held: boolean): void {
  if (held) writeFileSync(pathsOf(dir).held, '', { mode: 0o600 });
  else rmSync(pathsOf(dir).held, { force: true });
}

/** Records of all machines, by name. A directory without one is a creation that was cut short before it began. */
export function readRecords(stateDir: string): MachineRecord[] {
  return machineNames(stateDir).flatMap((name) => readRecord(join(machinesIn(stateDir), name)) ?? []);
}

export function machineNames(stateDir: string): string[] {
  try {
    return readdirSync(machinesIn(stateDir)).sort();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
