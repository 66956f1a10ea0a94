import { readdir, readlink, rm } from 'node:fs/promises';
import {
  agentConfigPath,
  agentStateDir,
  agentUnit,
  agentUnitPath,
  executablePath,
  sharedDirectories,
} from '#base/agent-paths.ts';
import { BallastError } from '#base/errors.ts';
import type { Manifest } from '#compile/manifest.ts';
import { isInVain } from '#converge/backoff.ts';
import { exec, run } from '#host/exec.ts';
import { createFacilities } from '#host/facilities.ts';
import { openJobBook } from '#host/jobs.ts';
import { type Converger, createConverger } from './converger.ts';
import { log } from './log.ts';
import { type Memory, openMemory } from './memory.ts';
import type { AgentOptions } from './options.ts';

const everythingMs = 10 * 60_000;

/**
 * Takes this machine out of its fleet from its own side: drops all that the fleet put on it, then the agent itself.
 * Images and volumes stay. Needs no server; when it is cut off it can be run again.
 */
export async function leaveFleet(options: AgentOptions): Promise<void> {
  const { configFile = agentConfigPath, stateDir = agentStateDir, signal } = options;
  await run(['systemctl', 'disable', '--now', '--quiet', agentUnit], { signal }).catch((cause: unknown) => {
    // Somebody took the unit away by hand: there is nothing to stop.
    if (!(cause instanceof BallastError)) throw cause;
  });
  const memory = await openMemory(stateDir);
  const held = Object.keys(memory.ledger()).length;
  if (held > 0) await dropAll(memory, stateDir, signal);
  for (const path of [agentUnitPath, configFile, stateDir]) await rm(path, { recursive: true, force: true });
  // The control plane may run from the same executable.
  if (!(await isUsed(executablePath))) await rm(executablePath, { force: true });
  // Those that do not exist make it fail; the others are done all the same.
  await exec(['find', ...sharedDirectories, '-depth', '-type', 'd', '-empty', '-delete'], { signal });
  await run(['systemctl', 'daemon-reload'], { signal });
  log.info(
    `dropped ${held} things and took the agent off; images and volumes stay: podman images, podman volume ls`,
  );
}

async function dropAll(memory: Memory, stateDir: string, signal: AbortSignal): Promise<void> {
  const stop = new AbortController();
  const until = AbortSignal.any([signal, stop.signal, AbortSignal.timeout(everythingMs)]);
  const facilities = createFacilities(
    { signal: until, stateDir, secret: () => undefined, progress: () => {} },
    await openJobBook(stateDir),
  );
  const nothing: Manifest = { machine: '', generation: 1, resources: [] };
  try {
    await new Promise<void>((resolve, reject) => {
      const converger: Converger = createConverger({
        facilities,
        memory,
        signal: until,
        onStep: () => {},
        onChange() {
          if (converger.converged() === nothing.generation) resolve();
          const hopeless = converger.failures.list().find(isInVain);
          if (hopeless !== undefined) reject(stuck(hopeless));
        },
      });
      until.addEventListener('abort', () => reject(cutOff(signal)), { once: true });
      converger.hold(nothing);
    });
  } finally {
    stop.abort();
  }
}

/** Whether another process than this one runs from the file. */
async function isUsed(executable: string): Promise<boolean> {
  const others = (await readdir('/proc')).filter(
    (entry) => /^\d+$/.test(entry) && Number(entry) !== process.pid,
  );
  const running = await Promise.all(others.map((pid) => readlink(`/proc/${pid}/exe`).catch(() => '')));
  return running.includes(executable);
}

const stuck = ({ resource, what, log: lines = [] }: ReturnType<Converger['failures']['list']>[number]) =>
  new BallastError('command-failed', `${resource} cannot be removed`, {
    why: what,
    log: lines,
    fix: 'mend what it says, then run it again: ballast agent --leave',
  });

const cutOff = ({ aborted }: AbortSignal): BallastError =>
  aborted
    ? new BallastError('interrupted', 'stopped before everything was dropped', {
        fix: 'run it again: ballast agent --leave',
      })
    : new BallastError('timed-out', 'not everything could be dropped in ten minutes', {
        fix: 'see what is left: podman ps --all; then run it again: ballast agent --leave',
      });
