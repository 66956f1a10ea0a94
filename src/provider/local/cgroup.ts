import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BallastError } from '#base/errors.ts';
import {
  type CgroupWrite,
  type Hierarchy,
  type Limits,
  limitsV1,
  limitsV2,
  parseHierarchies,
} from './cgroup-tree.ts';
import { fleetName, unitOf } from './names.ts';
import { eventually } from './wait.ts';

/** One machine's cgroups: a directory in each hierarchy of version 1, or one of version 2. */
export interface Cgroup {
  /** Makes the directories and holds them to the limits. Also changes the limits of a running machine. */
  ensure(limits: Limits): void;
  /** Files to write a process id to, so that it is in. */
  readonly procs: readonly string[];
  /** The same for a process that joins the machine after it has booted. */
  readonly procsLate: readonly string[];
  /** Whether any process is in, however deep. */
  populated(): boolean;
  /** Ends every process that is in, then removes the directories. */
  remove(): Promise<void>;
}

/** Whether systemd is process 1 here, so that what runs for long is started through it. */
export const hasSystemd = (): boolean => existsSync('/run/systemd/system');

export function cgroupOf(fleet: string, machine: string): Cgroup {
  const hierarchies = mounted();
  const unified = hierarchies.find(({ version }) => version === 2);
  if (unified && hierarchies.length === 1) {
    const parent = hasSystemd()
      ? join(unified.mount, 'system.slice', unitOf(fleet, machine))
      : join(unified.mount, fleetName(fleet));
    return version2(parent, hasSystemd() ? 'machine' : `m-${machine}`);
  }
  return version1(hierarchies, `${fleetName(fleet)}/m-${machine}`);
}

/**
 * Moves this process, a supervisor, out of the cgroups of whoever started it, so that it is neither charged to nor
 * ended with them. Under systemd with version 2 it leaves its unit's top to the machine's cgroup instead, since a
 * cgroup whose children have controllers cannot have processes.
 */
export function moveSupervisor(fleet: string, machine: string): void {
  const hierarchies = mounted();
  const unified = hierarchies.find(({ version }) => version === 2);
  if (unified && hierarchies.length === 1) {
    if (!hasSystemd()) return;
    const control = join(unified.mount, 'system.slice', unitOf(fleet, machine), 'control');
    mkdirSync(control, { recursive: true });
    writeFileSync(join(control, 'cgroup.procs'), String(process.pid));
    return;
  }
  if (hasSystemd()) return;
  for (const hierarchy of hierarchies) {
    const dir = makeV1(hierarchy, `${fleetName(fleet)}/supervisors`);
    writeFileSync(join(dir, 'cgroup.procs'), String(process.pid));
  }
}

/** Ends every process in any cgroup of the fleet, machine or supervisor, and removes the cgroups. */
export async function removeFleetCgroups(fleet: string): Promise<void> {
  const dirs = mounted().map(({ mount }) => join(mount, fleetName(fleet)));
  await removeTrees(dirs);
}

function version1(hierarchies: readonly Hierarchy[], path: string): Cgroup {
  const dirs = hierarchies.map(({ mount }) => join(mount, path));
  const procs = dirs.map((dir) => join(dir, 'cgroup.procs'));
  return {
    ensure: (limits) => {
      for (const hierarchy of hierarchies) {
        const dir = makeV1(hierarchy, path);
        if (hierarchy.version === 1) write(dir, limitsV1(hierarchy.controllers, limits));
      }
    },
    procs,
    procsLate: procs,
    populated: () => dirs.some((dir) => processes(dir).next().done !== true),
    remove: () => removeTrees(dirs),
  };
}

function version2(parent: string, name: string): Cgroup {
  const dir = join(parent, name);
  return {
    ensure: (limits) => {
      mkdirSync(dir, { recursive: true });
      const wanted = ['cpu', 'memory', 'pids', 'io', 'cpuset'];
      const chain = parent
        .split('/')
        .reduce<string[]>((all, part) => [...all, `${all.at(-1) ?? ''}/${part}`], []);
      for (const above of chain.filter((at) => existsSync(join(at, 'cgroup.subtree_control'))))
        enable(above, wanted);
      write(dir, limitsV2(limits));
    },
    procs: [join(dir, 'cgroup.procs')],
    get procsLate() {
      return [join(dir, 'payload/init.scope/cgroup.procs')];
    },
    populated: () => /^populated 1$/m.test(read(join(dir, 'cgroup.events'))),
    remove: () => removeTrees([dir]),
  };
}

/** Passes controllers on to the children of a version 2 cgroup: those it has and does not pass on yet. */
function enable(dir: string, controllers: readonly string[]): void {
  const has = read(join(dir, 'cgroup.controllers')).split(/\s+/);
  const passed = read(join(dir, 'cgroup.subtree_control')).split(/\s+/);
  const missing = controllers.filter((name) => has.includes(name) && !passed.includes(name));
  if (missing.length === 0) return;
  write(dir, [{ file: 'cgroup.subtree_control', value: missing.map((name) => `+${name}`).join(' ') }]);
}

/** Makes a version 1 cgroup. A cpuset takes no process before it is told its processors and memory. */
function makeV1({ mount, version, controllers }: Hierarchy, path: string): string {
  let dir = mount;
  for (const part of path.split('/')) {
    const parent = dir;
    dir = join(dir, part);
    mkdirSync(dir, { recursive: true });
    if (version === 2 || !controllers.includes('cpuset')) continue;
    for (const file of ['cpuset.cpus', 'cpuset.mems']) {
      if (read(join(dir, file)).trim() === '') write(dir, [{ file, value: read(join(parent, file)).trim() }]);
    }
    write(dir, [{ file: 'cgroup.clone_children', value: '1' }]);
  }
  return dir;
}

async function removeTrees(dirs: readonly string[]): Promise<void> {
  const empty = await eventually(() => {
    let left = false;
    for (const dir of dirs) {
      for (const pid of processes(dir)) {
        left = true;
        kill(pid);
      }
    }
    return !left;
  }, 10_000);
  if (!empty) {
    throw new BallastError('command-failed', `processes in ${dirs[0]} do not end`, {
      why: 'they stay after SIGKILL, which means they wait for a device or a file system',
      fix: `look at them: cat ${dirs[0]}/cgroup.procs`,
    });
  }
  // A cgroup whose last process is just ending is busy for a moment longer.
  await eventually(() => dirs.every(removeTree), 5_000);
}

function removeTree(dir: string): boolean {
  let removed = true;
  for (const child of children(dir)) removed = removeTree(child) && removed;
  try {
    rmdirSync(dir);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') return false;
  }
  return removed;
}

function* processes(dir: string): Generator<number> {
  for (const line of read(join(dir, 'cgroup.procs')).split('\n')) {
    if (line !== '') yield Number(line);
  }
  for (const child of children(dir)) yield* processes(child);
}

function children(dir: string): string[] {
  try {
    return readdirSync(dir, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => join(dir, entry.name));
  } catch {
    return []; // removed meanwhile
  }
}

function kill(pid: number): void {
  try {
    if (pid > 1 && pid !== process.pid) process.kill(pid, 'SIGKILL');
  } catch {
    // It ended by itself.
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return ''; // not there, or removed meanwhile
  }
}

function write(dir: string, writes: readonly CgroupWrite[]): void {
  for (const { file, value, optional = false } of writes) {
    try {
      writeFileSync(join(dir, file), value);
    } catch (cause) {
      if (optional) continue;
      throw new BallastError('command-failed', `${join(dir, file)} does not take ${value}`, {
        cause,
        why: (cause as Error).message,
      });
    }
  }
}

function mounted(): readonly Hierarchy[] {
  const hierarchies = parseHierarchies(readFileSync('/proc/self/mounts', 'utf8'));
  if (hierarchies.length === 0) {
    throw new BallastError('not-supported', 'no cgroups are mounted here', {
      why: 'local machines are held to their size by cgroups',
      fix: 'mount them: mount -t cgroup2 none /sys/fs/cgroup',
    });
  }
  return hierarchies;
}
