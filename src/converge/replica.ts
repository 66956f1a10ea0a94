import type { ReplicaReport } from '#plan/model.ts';
import type { Health } from './health.ts';
import { type Restarts, restartsTooOften, type UnitFacts } from './restarts.ts';

export interface ReplicaFacts {
  readonly id: string;
  readonly unit: UnitFacts;
  readonly health: Health;
  readonly restarts: Restarts;
  /** It may end by itself: a one-off, or a service that is not always started again. */
  readonly mayEnd: boolean;
  /** How a one-off ended, when that is known. */
  readonly ended: { readonly exitCode: number } | null;
  readonly oomKilled: boolean;
  /** When something in it was last killed for want of memory while it went on. */
  readonly oomAt?: number | undefined;
  readonly log: readonly string[];
}

type Judgement = Pick<ReplicaReport, 'state' | 'detail' | 'exitCode'>;

/** How a replica is, in the words of a report. `since` is when it entered the state it is in. Pure. */
export function judgeReplica(
  facts: ReplicaFacts,
  previous: ReplicaReport | undefined,
  now: number,
): ReplicaReport {
  const judged = judge(facts, now);
  const since = previous?.state === judged.state ? previous.since : now;
  const { id, restarts, oomKilled, oomAt, log } = facts;
  const exitCode = judged.exitCode ?? (restarts.total > 0 ? restarts.exitCode : undefined);
  return {
    id,
    state: judged.state,
    since,
    restarts: restarts.total,
    ...(exitCode === undefined ? {} : { exitCode }),
    ...(oomKilled ? { oomKilled } : {}),
    ...(oomAt === undefined ? {} : { oomAt }),
    ...(judged.detail === undefined ? {} : { detail: judged.detail }),
    ...(isWrong(judged.state) && log.length > 0 ? { log } : {}),
  };
}

/** States in which a person wants to see what the replica printed. */
export const isWrong = (state: ReplicaReport['state']): boolean =>
  state === 'failed' || state === 'unhealthy' || state === 'restarting';

function judge(facts: ReplicaFacts, now: number): Judgement {
  const { unit, restarts, ended, health } = facts;
  if (ended !== null) return end(ended.exitCode);
  const steady = unit.active === 'active' && health.status === 'healthy';
  if (!steady && restartsTooOften(restarts, now)) {
    return { state: 'failed', detail: 'it ends again and again', ...exitOf(restarts) };
  }
  switch (unit.active) {
    case 'active':
    case 'reloading':
    case 'refreshing':
      return byHealth(health);
    case 'activating':
      return unit.sub.startsWith('auto-restart')
        ? { state: 'restarting', ...exitOf(restarts) }
        : { state: 'starting', ...detailOf(health) };
    case 'deactivating':
      return { state: 'restarting', ...exitOf(restarts) };
    default:
      return afterItEnded(facts);
  }
}

function byHealth(health: Health): Judgement {
  switch (health.status) {
    case 'healthy':
      return { state: 'running' };
    case 'unhealthy':
      return { state: 'unhealthy', ...detailOf(health) };
    case 'unknown':
      return { state: 'starting', ...detailOf(health) };
  }
}

function afterItEnded({ unit, mayEnd, restarts }: ReplicaFacts): Judgement {
  if (unit.result === 'start-limit-hit') {
    return { state: 'failed', detail: 'systemd gave up starting it', ...exitOf(restarts) };
  }
  if (unit.active === 'failed') {
    const detail = unit.result === 'exit-code' ? {} : { detail: `systemd says ${unit.result}` };
    return { state: 'failed', ...detail, ...exitOf(restarts) };
  }
  if (mayEnd && unit.exitedUs > 0) return end(unit.exitCode);
  return { state: 'stopped' };
}

const end = (exitCode: number): Judgement => ({ state: exitCode === 0 ? 'completed' : 'failed', exitCode });

const exitOf = ({ exitCode }: Restarts): Pick<Judgement, 'exitCode'> =>
  exitCode === undefined ? {} : { exitCode };

const detailOf = ({ detail }: Health): Pick<Judgement, 'detail'> => (detail === undefined ? {} : { detail });
