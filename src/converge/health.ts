import type { HealthPlan } from '#compile/manifest.ts';

/** What is known of a container's health since its process began. Times are ms since the epoch. */
export interface Health {
  readonly status: 'unknown' | 'healthy' | 'unhealthy';
  readonly startedAt: number;
  /** Answers since the start, and failures in a row that count. */
  readonly probes: number;
  readonly failures: number;
  /** When a failure last counted, or when the first one may. */
  readonly countedAt: number;
  /** What the last probe that failed answered. */
  readonly detail?: string;
  /** What the command that asked printed, when that was more than `detail` says. */
  readonly lines?: readonly string[];
}

/** How a health command ended that failed. */
export interface CheckEnd {
  /** Absent: not known; podman keeps only that it failed. */
  readonly exitCode?: number;
  readonly output: string;
}

/** Lines of a health command's output that are kept. */
const linesMax = 5;

export interface ProbeResult {
  readonly at: number;
  readonly ok: boolean;
  readonly detail: string;
}

type HttpPlan = Extract<HealthPlan, { kind: 'http' }>;

const eagerFirstMs = 50;
const eagerLastMs = 250;

/** Nothing is known yet. Failures begin to count when the start period is over. */
export const startHealth = (now: number, startPeriodMs = 0): Health => ({
  status: 'unknown',
  startedAt: now,
  probes: 0,
  failures: 0,
  countedAt: now + startPeriodMs,
});

/**
 * Health after one probe. Until it first succeeds a container is asked far more often than its interval says, so
 * failures count at most once an interval: being eager must not make it less patient.
 */
export function afterProbe(health: Health, plan: HttpPlan, { at, ok, detail }: ProbeResult): Health {
  const probes = health.probes + 1;
  if (ok) {
    const { detail: _, ...rest } = health;
    return { ...rest, status: 'healthy', probes, failures: 0, countedAt: at };
  }
  const counts = health.status === 'healthy' || at - health.countedAt >= plan.intervalMs;
  if (!counts) return { ...health, probes, detail };
  const failures = health.failures + 1;
  const status = failures >= plan.retries ? 'unhealthy' : health.status;
  return { ...health, status, probes, failures, countedAt: at, detail };
}

/** How long to wait before the next probe: eager until it has been healthy once, then at its interval. */
export function probeDelayMs(health: Health, plan: HttpPlan): number {
  if (health.status !== 'unknown') return plan.intervalMs;
  const eager = Math.min(eagerLastMs, eagerFirstMs * 1.25 ** health.probes);
  return Math.min(eager, plan.intervalMs);
}

/** The same for checks that run inside the container: each costs a process, so they start slower. */
export const commandDelayMs = (health: Health, mostMs = 2_000): number =>
  Math.min(mostMs, 100 * 1.5 ** health.probes);

/** Health as podman tells it after its own check. */
export function afterCommand(health: Health, status: string, end?: CheckEnd): Health {
  const probes = health.probes + 1;
  if (status === 'healthy') {
    const { detail: _, lines: __, ...rest } = health;
    return { ...rest, status: 'healthy', probes, failures: 0 };
  }
  const next = { ...health, probes, ...(end === undefined ? {} : wordsOf(end)) };
  if (status !== 'unhealthy') return next;
  return { ...next, status: 'unhealthy', detail: next.detail ?? 'its health check failed' };
}

/** The exit code and the last line; the lines before it apart. */
function wordsOf({ exitCode, output }: CheckEnd): Required<Pick<Health, 'detail' | 'lines'>> {
  const lines = output.split('\n').filter((line) => line.trim() !== '');
  const last = lines.at(-1)?.trim();
  const how = exitCode === undefined ? 'failed' : `ended with exit code ${exitCode}`;
  const detail = `its health check ${how}${last === undefined ? ' and printed nothing' : `: ${last}`}`;
  return { detail, lines: lines.length > 1 ? lines.slice(-linesMax) : [] };
}
