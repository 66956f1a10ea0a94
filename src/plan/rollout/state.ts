import { showSize } from '#base/size.ts';
import type { Draft } from '#plan/draft.ts';
import type { AppPolicy, AppState, Release, Replica, ReplicaReport, RolloutFailure } from '#plan/model.ts';
import type { ServiceModel, UpdateModel } from '#spec/model.ts';
import { inDependencyOrder } from './dependencies.ts';
import { outcomesBefore } from './outcomes.ts';
import { judgedSince } from './patience.ts';

/** A new replica that could be judged for this long and is not healthy has failed, whatever else it does. */
export const healthyDeadlineMs = 5 * 60_000;

/** Where an app's rollout stands before this step: a changed wish begins a new one. */
export function begin(policy: AppPolicy, state: AppState | undefined, now: number): AppState {
  if (state && state.wanted === policy.wanted) return state;
  return {
    wanted: policy.wanted,
    target: policy.wanted,
    healthy: state?.healthy ?? null,
    phase: policy.wanted === null ? 'removing' : 'rolling',
    since: now,
    outcomes: outcomesBefore(policy, state),
  };
}

/** Looks for failed replicas of the release being rolled out and decides as `failure_action` says. */
export function judge(draft: Draft, release: Release, state: AppState): AppState {
  if (state.phase !== 'rolling') return state;
  for (const service of inDependencyOrder(release)) {
    const made = draft
      .of(release.app, service.name)
      .filter((replica) => replica.release === release.number && replica.phase !== 'draining');
    const failures = made.flatMap((replica) => failureOf(draft, replica, service) ?? []);
    const [failure] = failures;
    const { update } = service.deploy;
    if (!failure || failures.length / Math.max(1, service.deploy.replicas) <= update.maxFailureRatio)
      continue;
    const next = afterFailure(state, update, failure, draft.now);
    if (next !== state) return next;
  }
  return state;
}

function afterFailure(state: AppState, update: UpdateModel, failure: RolloutFailure, now: number): AppState {
  const { healthySince: _, ...rest } = state;
  switch (update.onFailure) {
    case 'continue':
      return state;
    case 'pause':
      return { ...rest, phase: 'paused', since: now, failure };
    case 'rollback':
      return { ...rest, phase: 'rolling-back', target: state.healthy, since: now, failure };
  }
}

function failureOf(draft: Draft, replica: Replica, service: ServiceModel): RolloutFailure | undefined {
  const report = draft.report(replica);
  const what = whatFailed(report, service);
  const since = judgedSince(draft, replica);
  const deadline = since === undefined ? Number.POSITIVE_INFINITY : since + healthyDeadlineMs;
  const late = report?.state !== 'running' && report?.state !== 'completed' && draft.now >= deadline;
  if (what === undefined && !late) {
    if (since !== undefined && report?.state !== 'running') draft.wakeNoLaterThan(deadline);
    return undefined;
  }
  const from = since === replica.since ? 'it was placed' : 'it could be seen again';
  return {
    release: replica.release,
    service: replica.service,
    replica: replica.id,
    machine: replica.machine,
    what: what ?? `not healthy ${healthyDeadlineMs / 60_000} minutes after ${from}${because(report)}`,
    ...(report?.exitCode === undefined ? {} : { exitCode: report.exitCode }),
    log: report?.log ?? [],
  };
}

/** What was tried. */
const tries = ({ restarts }: ReplicaReport): string =>
  restarts === 0 ? '' : `, started ${restarts + 1} times in all`;

const because = (report: ReplicaReport | undefined): string =>
  report?.detail === undefined ? '' : `: ${report.detail}`;

function whatFailed(report: ReplicaReport | undefined, { deploy }: ServiceModel): string | undefined {
  switch (report?.state) {
    case 'failed': {
      const { memoryBytes } = deploy.limits;
      const limit = memoryBytes === undefined ? '' : ` of ${showSize(memoryBytes)}`;
      if (report.oomKilled) return `used more memory than its limit${limit} and was killed${tries(report)}`;
      const how = report.exitCode === undefined ? 'failed' : `exited with code ${report.exitCode}`;
      return `${how}${tries(report)}${because(report)}`;
    }
    case 'unhealthy':
      return report.oomAt === undefined
        ? `is unhealthy${because(report)}`
        : `is unhealthy since a process in it was killed for using too much memory${because(report)}`;
    default:
      return undefined;
  }
}

/** Ends the rollout when all is as the target wants and has been healthy for the monitor time. */
export function conclude(
  draft: Draft,
  state: AppState,
  target: Release | undefined,
  settled: boolean,
): AppState {
  const { healthySince, ...rest } = state;
  if (!settled) return healthySince === undefined ? state : rest;
  if (state.phase !== 'rolling' && state.phase !== 'rolling-back') return state;
  const monitorMs = target && state.phase === 'rolling' ? monitorOf(draft, target) : 0;
  // What happened while nobody listened is not known, so the monitor time begins anew.
  const since = Math.max(healthySince ?? draft.now, draft.inventory.listeningSince ?? 0);
  if (draft.now < since + monitorMs) {
    draft.wakeNoLaterThan(since + monitorMs);
    return { ...state, healthySince: since };
  }
  return state.phase === 'rolling'
    ? { ...rest, phase: 'steady', healthy: state.target, since: draft.now }
    : { ...rest, phase: 'failed', since: draft.now };
}

/** The longest monitor time among services that this release made replicas of. */
function monitorOf(draft: Draft, release: Release): number {
  const changed = new Set(
    draft
      .of(release.app)
      .filter((replica) => replica.release === release.number)
      .map(({ service }) => service),
  );
  const times = Object.values(release.model.services)
    .filter(({ name }) => changed.has(name))
    .map(({ deploy }) => deploy.update.monitorMs);
  return Math.max(0, ...times);
}
