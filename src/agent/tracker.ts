import type { ContainerResource } from '#compile/manifest.ts';
import { type Health, startHealth } from '#converge/health.ts';
import { textDigest } from '#converge/kinds.ts';
import { isWrong, judgeReplica } from '#converge/replica.ts';
import { afterLook, type Restarts } from '#converge/restarts.ts';
import { lastExit, lastLines } from '#host/journal.ts';
import { restartPolicy } from '#host/quadlet.ts';
import type { UnitState } from '#host/systemctl.ts';
import type { ReplicaReport } from '#plan/model.ts';
import { watchOom } from './oom.ts';
import { type Prober, startProber } from './probe.ts';

export interface TrackerOptions {
  readonly onChange: () => void;
  /** It does not get well: it has to be restarted. */
  readonly onUnhealthy: (container: string, detail: string) => void;
  /** It ended by itself and systemd starts it again. */
  readonly onCrash: (container: string, ended: Ended) => void;
  /** The kernel killed something in it for want of memory, and it goes on. */
  readonly onOom: (container: string) => void;
}

/** How a container ended. */
export interface Ended {
  readonly exitCode: number | undefined;
  readonly oomKilled: boolean;
}

/** Follows one replica: its unit, its health, its restarts; and keeps a report of it that is ready to send. */
export interface Tracker {
  readonly look: (
    resource: ContainerResource,
    unit: UnitState,
    ended: { exitCode: number } | undefined,
  ) => void;
  readonly told: (status: string) => void;
  /** Its process has ended. systemd forgets how as soon as it starts the next one. */
  readonly exited: (exitCode: number) => void;
  readonly report: () => ReplicaReport | undefined;
  readonly stop: () => void;
}

interface Seen {
  readonly resource: ContainerResource;
  readonly unit: UnitState;
  readonly ended: { exitCode: number } | undefined;
}

const oomPatienceMs = 1_000;
const alive = new Set(['active', 'reloading', 'refreshing']);

export function createTracker(name: string, options: TrackerOptions): Tracker {
  const { onChange, onUnhealthy, onCrash, onOom } = options;
  let seen: Seen | undefined;
  let restarts: Restarts | undefined;
  let health: Health = startHealth(0);
  let probed = '';
  let prober: Prober | undefined;
  let stopOom = () => {};
  let oomKilled = false;
  let oomAt: number | undefined;
  let lines: { readonly of: string; readonly log: readonly string[] } = { of: '', log: [] };
  let ending: { readonly of: string; readonly exitCode?: number } = { of: '' };
  let published: ReplicaReport | undefined;

  function look(resource: ContainerResource, unit: UnitState, ended: { exitCode: number } | undefined): void {
    const quadlet = textDigest(resource.quadlet);
    if (restarts?.quadlet !== quadlet) oomKilled = false;
    const known = restarts;
    restarts = afterLook(known, unit, { now: Date.now(), quadlet });
    if (known?.quadlet === quadlet && unit.restarts > known.counted)
      onCrash(name, { exitCode: restarts.exitCode, oomKilled: endedByOom() });
    seen = { resource, unit, ended };
    if (!alive.has(unit.active)) settle();
    else if (probed !== unit.invocation) begin(resource, unit);
    publish();
  }

  function begin(resource: ContainerResource, unit: UnitState): void {
    settle();
    probed = unit.invocation;
    const startedAt = wallClock(unit.activeSinceUs);
    health = startHealth(startedAt);
    oomAt = undefined;
    stopOom = watchOom(name, () => noteOom(unit.invocation));
    prober = startProber({ container: name, plan: resource.health, startedAt, onHealth });
  }

  function noteOom(invocation: string): void {
    oomKilled = true;
    // When it was the main process that was killed, its end is about to be heard.
    setTimeout(() => {
      if (probed !== invocation || oomAt !== undefined) return;
      oomAt = Date.now();
      onOom(name);
      publish();
    }, oomPatienceMs).unref();
  }

  const endedByOom = (): boolean => oomKilled && restarts?.exitCode === 137;

  function settle(): void {
    prober?.stop();
    prober = undefined;
    probed = '';
    health = startHealth(Date.now());
    // What conmon wrote last is still on its way when the unit has ended.
    const stop = stopOom;
    stopOom = () => {};
    setTimeout(stop, 500).unref();
  }

  function onHealth(next: Health): void {
    const turned = next.status !== health.status;
    const detail = next.detail !== health.detail;
    health = next;
    if (turned || detail) publish();
    if (turned && next.status === 'unhealthy') onUnhealthy(name, next.detail ?? 'its health check failed');
  }

  /** A report that something is wrong waits for the lines that show it. */
  function publish(): void {
    const next = judged();
    if (next === undefined) return;
    const of = `${next.state} ${restarts?.total} ${seen?.unit.invocation}`;
    if (isWrong(next.state) && lines.of !== of) {
      void lastLines(name)
        .catch(() => [])
        .then((log) => {
          lines = { of, log };
          // It may have changed meanwhile; what is published is what is true now.
          const now = judged();
          if (now) announce(now);
        });
      return;
    }
    if (next.state === 'completed' && seen !== undefined && ending.of !== seen.unit.invocation) {
      void askHowItEnded(seen.unit);
      return;
    }
    announce(next);
  }

  /**
   * A process that ends in its first instant may be gone before systemd knows it for the main one; systemd then
   * takes the end of the program that started it for the container's, and that is always a success.
   */
  async function askHowItEnded({ invocation, startedUs }: UnitState): Promise<void> {
    const last = await lastExit(name).catch(() => undefined);
    const recent = last !== undefined && last.at >= wallClock(startedUs) - 1_000;
    if (ending.of !== invocation) ending = { of: invocation, ...(recent ? { exitCode: last.exitCode } : {}) };
    publish();
  }

  function announce(next: ReplicaReport): void {
    const changed = JSON.stringify(next) !== JSON.stringify(published);
    published = next;
    if (changed) onChange();
  }

  function judged(): ReplicaReport | undefined {
    if (seen === undefined || restarts === undefined) return undefined;
    const { resource, unit, ended } = seen;
    const mayEnd = resource.job || restartPolicy(resource.quadlet) !== 'always';
    const over = !alive.has(unit.active) && unit.active !== 'activating' && ending.of === unit.invocation;
    const told = mayEnd && over && ending.exitCode !== undefined ? { exitCode: ending.exitCode } : null;
    const facts = {
      id: name,
      unit,
      health,
      restarts,
      mayEnd,
      ended: ended ?? told,
      oomKilled: endedByOom() || unit.result === 'oom-kill',
      oomAt,
      log: [...(health.lines ?? []).map((text) => `health check: ${text}`), ...lines.log],
    };
    return judgeReplica(facts, published, Date.now());
  }

  function exited(exitCode: number): void {
    if (restarts === undefined) return;
    restarts = { ...restarts, exitCode };
    if (seen !== undefined) ending = { of: seen.unit.invocation, exitCode };
    publish();
  }

  return { look, exited, told: (status) => prober?.told(status), report: () => published, stop: settle };
}

/** ms since the epoch of a time on systemd's monotonic clock; now when it is not set. */
function wallClock(monotonicUs: number): number {
  const ageMs = Number(process.hrtime.bigint() / 1_000n - BigInt(monotonicUs)) / 1_000;
  return monotonicUs === 0 || ageMs < 0 ? Date.now() : Math.round(Date.now() - ageMs);
}
