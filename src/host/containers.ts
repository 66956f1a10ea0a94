import { mkdir, readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { BallastError } from '#base/errors.ts';
import type { ContainerResource } from '#compile/manifest.ts';
import type { Observed } from '#converge/fields.ts';
import { textDigest } from '#converge/kinds.ts';
import type { Step } from '#converge/step.ts';
import { removeFile, writeAtomic } from './atomic.ts';
import { limit } from './batch.ts';
import { exec, tail } from './exec.ts';
import type { Facility } from './facility.ts';
import { offerUnit, quadletGenerator, withdrawUnit } from './fresh-unit.ts';
import type { JobBook, JobEnds } from './jobs.ts';
import { lastExit, tellingLines } from './journal.ts';
import {
  isBound,
  isSettled,
  quadletDirectory,
  quadletName,
  quadletPath,
  restartPolicy,
  unitOf,
} from './quadlet.ts';
import {
  allowStart,
  daemonReload,
  reasonOf,
  showUnits,
  systemctl,
  type UnitState,
  unitLog,
} from './systemctl.ts';
import { removeTwin } from './twin.ts';

const startTimeoutMs = 90_000;

export interface Containers extends Facility<ContainerResource> {
  /** Units of the containers last observed, by container name. */
  readonly units: () => ReadonlyMap<string, UnitState>;
}

/** Replicas: a Quadlet file each, and the service systemd makes of it. */
export function createContainers(jobs: JobBook): Containers {
  let units: ReadonlyMap<string, UnitState> = new Map();
  // More starts at a time only make each of them slower.
  const starting = limit(4);
  const stopping = limit(8);

  return {
    units: () => units,
    async observe(resources) {
      const texts = await readQuadlets();
      const there = resources.filter(({ name }) => texts.has(name));
      const shown = await showUnits(there.map(({ name }) => unitOf(name)));
      const found = there.flatMap(({ name }) => entry(name, shown.get(unitOf(name))));
      units = new Map(
        await Promise.all(found.map(async ([name, state]) => [name, await told(name, state)] as const)),
      );
      await jobs.write(await endedJobs(resources, units, jobs.ends()));
      const seen = new Map<string, Observed>();
      for (const resource of there) {
        const text = texts.get(resource.name) ?? '';
        const state = units.get(resource.name);
        const ended = resource.job && jobs.ends()[resource.name] !== undefined;
        const active = ended || (state !== undefined && isSettled(state, restartPolicy(text)));
        seen.set(resource.id, { fields: { quadlet: textDigest(text), active } });
      }
      const asked = new Set(resources.map(({ name }) => name));
      for (const name of texts.keys()) {
        if (!asked.has(name)) seen.set(`container:${name}`, { fields: {}, stray: stray(name) });
      }
      return seen;
    },
    async apply(step) {
      if (step.action === 'delete') await stopping(async () => await leave(step.resource));
      else await ensure(step, units.get(step.resource.name), starting);
      return undefined;
    },
  };
}

const entry = <T>(key: string, value: T | undefined): [string, T][] =>
  value === undefined ? [] : [[key, value]];

/** Whether systemd has to read the unit anew because of its own Quadlet, which was changed after the unit was made. */
async function told(name: string, state: UnitState): Promise<UnitState> {
  if (!state.needsReload) return state;
  const changedAt = async (path: string): Promise<number | undefined> =>
    await stat(path).then(
      ({ mtimeMs }) => mtimeMs,
      () => undefined,
    );
  const [quadlet, unit] = await Promise.all([changedAt(quadletPath(name)), changedAt(state.fragment)]);
  return { ...state, needsReload: quadlet === undefined || unit === undefined || quadlet > unit };
}

async function readQuadlets(): Promise<ReadonlyMap<string, string>> {
  const files = await readdir(quadletDirectory).catch((): string[] => []);
  const texts = new Map<string, string>();
  for (const file of files) {
    const name = quadletName(file);
    if (name === undefined) await removeStale(join(quadletDirectory, file)).catch(() => {});
    else texts.set(name, await readFile(join(quadletDirectory, file), 'utf8').catch(() => ''));
  }
  return texts;
}

/** What is no Quadlet is the side file of a write; one this old belongs to a write that never ended. */
async function removeStale(path: string): Promise<void> {
  if (Date.now() - (await stat(path)).mtimeMs > 60_000) await removeFile(path);
}

/**
 * Ends of jobs that are wanted: those known already and those seen now. systemd forgets a unit that has ended and
 * that nothing refers to, so podman's own word in the journal counts.
 */
async function endedJobs(
  resources: readonly ContainerResource[],
  units: ReadonlyMap<string, UnitState>,
  known: JobEnds,
): Promise<JobEnds> {
  const ends: Record<string, JobEnds[string]> = {};
  for (const { name, job } of resources) {
    if (!job) continue;
    const unit = units.get(name);
    const over = unit !== undefined && (unit.active === 'inactive' || unit.active === 'failed');
    const end = known[name] ?? (over ? await lastExit(name) : undefined);
    if (end !== undefined) ends[name] = end;
  }
  return ends;
}

async function ensure(
  step: Step<ContainerResource>,
  state: UnitState | undefined,
  starting: ReturnType<typeof limit>,
): Promise<void> {
  const { name, quadlet, job } = step.resource;
  const unit = unitOf(name);
  const changed = step.before?.['quadlet'] !== textDigest(quadlet);
  if (changed) {
    await mkdir(quadletDirectory, { recursive: true, mode: 0o755 });
    await writeAtomic(quadletPath(name), quadlet, { mode: 0o600, uid: 0, gid: 0 });
  }
  const isMasked = state?.load === 'masked';
  if (isMasked) await allowStart(unit);
  // What may end for good has to be read with all the rest: systemd forgets how a unit ended that nothing refers to.
  // So has what another unit is to bring along: systemd would not hear of that.
  if (step.before === null && restartPolicy(quadlet) === 'always' && !isBound(quadlet)) await offerUnit(name);
  // A unit file that systemd has not read is as good as none; a crash may have left one.
  else if (changed || isMasked || state?.load !== 'loaded' || state.needsReload) {
    await withdrawUnit(name);
    await daemonReload();
  }
  const isDown = state?.active === 'inactive' || state?.active === 'failed';
  await Promise.all([
    // A failed unit that hit its start limit would refuse; for any other this says so and nothing else.
    changed ? undefined : systemctl(['reset-failed', unit]),
    step.cause === 'corrective' && isDown ? removeTwin(name, step.resource.stopGraceMs) : undefined,
  ]);
  const verb = step.before !== null && changed ? 'restart' : 'start';
  await starting(async () => {
    const started = await systemctl([verb, ...(job ? ['--no-block'] : []), unit], startTimeoutMs);
    if (started.code !== 0) throw await startFailure(name, started.stderr);
  });
}

async function leave({ name, stopGraceMs }: ContainerResource): Promise<void> {
  const unit = unitOf(name);
  await systemctl(['stop', unit], stopGraceMs + 90_000);
  await removeFile(quadletPath(name));
  await withdrawUnit(name);
  await daemonReload();
  await systemctl(['reset-failed', unit]);
  // Normally gone with its unit; a container that outlived a crash is not.
  await exec(['podman', 'rm', '--force', '--ignore', '--time', '1', name], { timeoutMs: 60_000 });
}

async function startFailure(name: string, stderr: string): Promise<BallastError> {
  const state = (await showUnits([unitOf(name)])).get(unitOf(name));
  if (state?.load === 'not-found') {
    return new BallastError('command-failed', `Quadlet refused ${name}.container`, {
      log: await generatorLog(name),
    });
  }
  const code = state === undefined || state.exitKind === 0 ? '' : ` (exit code ${state.exitCode})`;
  const log = tellingLines(await unitLog(unitOf(name), 30).catch(() => [])).slice(-10);
  return new BallastError('command-failed', `${name} could not be started${code}`, {
    why: reasonOf(stderr),
    log,
  });
}

/** What Quadlet says about one file when it is asked to try. */
async function generatorLog(name: string): Promise<readonly string[]> {
  const { stderr } = await exec([quadletGenerator, '--dryrun'], { timeoutMs: 20_000 });
  return tail(stderr).filter((line) => line.includes(name));
}

const stray = (name: string): ContainerResource => ({
  kind: 'container',
  id: `container:${name}`,
  after: [],
  origin: 'found on the machine',
  name,
  app: '',
  service: '',
  quadlet: '',
  address: '',
  health: { kind: 'none', settleMs: 0 },
  stopGraceMs: 10_000,
  job: false,
});
