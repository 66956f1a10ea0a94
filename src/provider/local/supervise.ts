import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, statSync, truncateSync, watch } from 'node:fs';
import { join } from 'node:path';
import { must } from '#base/assert.ts';
import { type Cgroup, cgroupOf, moveSupervisor } from './cgroup.ts';
import { type Control, controlOf, type Order, openControl, type Status } from './control.ts';
import { tryLock } from './lock.ts';
import { clearAfterNspawn, mountOverlay, unmountUnder } from './mounts.ts';
import { fleetName, nspawnName, runDirOf } from './names.ts';
import { bootArgv, overlayOptions } from './nspawn.ts';
import { leaderOf } from './processes.ts';
import { type MachinePaths, type MachineRecord, pathsOf, readRecord } from './record.ts';

/** nspawn's exit code when the machine asked to be started again. */
const rebootCode = 133;
/** SIGRTMIN+4 and +5: what systemd as process 1 takes for "power off" and "reboot". */
const signals = { off: 38, reboot: 39, cut: 9 } as const;
/** How long a machine may take to power off when this process is told to end. */
const graceMs = 20_000;
const consoleBytesMax = 1 << 20;

interface Machine {
  readonly record: MachineRecord;
  readonly paths: MachinePaths;
  readonly cgroup: Cgroup;
  control?: Control;
  status: Status;
  nspawn?: ChildProcess;
  /** An order that came before the machine could understand it. */
  pending: Order | undefined;
}

export const supervisorLock = (dir: string): string => `supervisor ${dir}`;

/**
 * Runs the machine whose directory this is until it powers off or is cut: boots it, again after each reboot, and at
 * the end takes its mount, cgroups and socket away. Answers with an exit code; at once when it has a supervisor.
 */
export async function superviseMachine(dir: string): Promise<number> {
  const record = must(readRecord(dir), `record in ${dir}`);
  const lock = await tryLock(supervisorLock(dir));
  if (!lock) return 0;
  const machine: Machine = {
    record,
    paths: pathsOf(dir),
    cgroup: cgroupOf(record.fleet, record.name),
    status: { boot: 1, state: 'starting', leader: null },
    pending: undefined,
  };
  process.on('SIGTERM', () => powerDown(machine)).on('SIGHUP', () => {});
  let code = 1;
  try {
    moveSupervisor(record.fleet, record.name);
    shorten(machine.paths.console);
    mkdirSync(runDirOf(record.fleet), { recursive: true, mode: 0o700 });
    machine.control = await openControl(controlOf(record), machine.status, (order) => obey(machine, order));
    do {
      code = await bootOnce(machine);
      await machine.cgroup.remove();
      console.log(`local: nspawn ended with code ${code}`);
    } while (code === rebootCode && again(machine));
    return code;
  } finally {
    await machine.cgroup.remove().catch(report);
    await clearAfterNspawn(nspawnName(record.address), machine.paths.root).catch(report);
    await unmountUnder(machine.paths.root).catch(report);
    lock.release();
    machine.control?.close();
  }
}

/** Whether to boot once more, which those who listen are told. */
function again(machine: Machine): boolean {
  if (machine.pending === 'cut') return false;
  publish(machine, { boot: machine.status.boot + 1, state: 'starting', leader: null });
  return true;
}

/** Boots the machine and waits until nspawn ends. */
async function bootOnce(machine: Machine): Promise<number> {
  const { paths, cgroup } = machine;
  const record = must(readRecord(paths.dir), 'record');
  rmSync(paths.signals, { recursive: true, force: true });
  for (const dir of [paths.signals, paths.root, paths.work, paths.containers]) {
    mkdirSync(dir, { recursive: true });
  }
  await mountOverlay(paths.root, overlayOptions(record, paths));
  await clearAfterNspawn(nspawnName(record.address), paths.root);
  cgroup.ensure(record.size);
  const up = join(paths.signals, 'up');
  const watcher = watch(paths.signals, () => {
    if (existsSync(up)) comeUp();
  });
  const [program, ...args] = bootArgv(record, paths, cgroup.procs, fleetName(record.fleet));
  const child = spawn(must(program, 'program'), args, { stdio: ['ignore', 'inherit', 'inherit'] });
  machine.nspawn = child;
  const comeUp = (): void => {
    watcher.close();
    publish(machine, { ...machine.status, state: 'up', leader: leaderOf(child.pid ?? 0) });
    const { pending } = machine;
    machine.pending = undefined;
    if (pending) obey(machine, pending);
  };
  const code = await new Promise<number>((resolve) => {
    child.once('error', (error) => {
      console.log(`local: ${error.message}`);
      resolve(1);
    });
    child.once('exit', (exit) => resolve(exit ?? 137));
  });
  watcher.close();
  delete machine.nspawn;
  return code;
}

function obey(machine: Machine, order: Order): void {
  const { nspawn, status } = machine;
  if (order === 'resize') {
    const record = readRecord(machine.paths.dir);
    if (record && nspawn) machine.cgroup.ensure(record.size);
    return;
  }
  if (nspawn?.pid === undefined) {
    machine.pending = order;
    return;
  }
  const leader = status.leader ?? leaderOf(nspawn.pid);
  if (order === 'cut') {
    kill(leader ?? nspawn.pid, signals.cut);
  } else if (status.state === 'up' && leader !== null) {
    kill(leader, signals[order]);
  } else {
    // Before its units run, process 1 may not listen to signals yet: they would be lost.
    machine.pending = order;
  }
}

/** The host shuts down, or someone stopped the unit: power off cleanly, and pull the plug if that takes too long. */
function powerDown(machine: Machine): void {
  obey(machine, 'off');
  setTimeout(() => obey(machine, 'cut'), graceMs).unref();
}

function publish(machine: Machine, status: Status): void {
  machine.status = status;
  machine.control?.publish(status);
}

function kill(pid: number, signal: number): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It ended by itself.
  }
}

/** What a machine prints while it boots is kept, but not for ever. */
function shorten(path: string): void {
  if (existsSync(path) && statSync(path).size > consoleBytesMax) truncateSync(path, 0);
}

function report(error: unknown): void {
  console.log(`local: ${error instanceof Error ? error.message : String(error)}`);
}
