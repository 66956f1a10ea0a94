import { setTimeout as sleep } from 'node:timers/promises';
import { showDuration } from '#base/duration.ts';
import type { HealthPlan } from '#compile/manifest.ts';
import {
  afterCommand,
  afterProbe,
  type CheckEnd,
  commandDelayMs,
  type Health,
  probeDelayMs,
  startHealth,
} from '#converge/health.ts';
import { exec } from '#host/exec.ts';
import { askHttp } from './ask-http.ts';

export interface ProberOptions {
  readonly container: string;
  readonly plan: HealthPlan;
  /** When the process began, ms since the epoch. */
  readonly startedAt: number;
  readonly onHealth: (health: Health) => void;
}

/** Finds out about one container's health from its start on, until it is stopped or found unhealthy. */
export interface Prober {
  /** What podman said after a check of its own. */
  readonly told: (status: string) => void;
  readonly stop: () => void;
}

const settleMs = 1_000;

export function startProber(options: ProberOptions): Prober {
  const stop = new AbortController();
  let turn = 0;
  const startPeriodMs = options.plan.kind === 'http' ? options.plan.startPeriodMs : 0;
  let health = startHealth(options.startedAt, startPeriodMs);
  const set: Set = (change) => {
    if (stop.signal.aborted) return health;
    health = change(health);
    options.onHealth(health);
    return health;
  };
  void probeAll(options, health, set, stop.signal).catch(() => {});
  return {
    told(status) {
      if (options.plan.kind !== 'command' || status === 'starting') return;
      turn += 1;
      const own = turn;
      if (status === 'healthy' || health.detail !== undefined) {
        set((now) => afterCommand(now, status));
        return;
      }
      // Podman's word says that the check failed, not how.
      void lastCheck(options.container).then((end) => {
        if (own === turn) set((now) => afterCommand(now, status, end));
      });
    },
    stop: () => stop.abort(),
  };
}

/** Both podman's word and what is asked here change the same health: each goes on from what it is by now. */
type Set = (change: (now: Health) => Health) => Health;

async function probeAll(options: ProberOptions, start: Health, set: Set, signal: AbortSignal): Promise<void> {
  const { plan } = options;
  if (plan.kind === 'http') return await probeHttp(plan, start, set, signal);
  const command = plan.kind === 'command' ? await healthCommand(options.container) : null;
  if (plan.kind === 'none' || command === null) {
    // Nothing can be asked: that it still runs after a while has to do.
    const wait = plan.kind === 'none' ? plan.settleMs : settleMs;
    await sleep(Math.max(0, start.startedAt + wait - Date.now()), undefined, { signal });
    set((now) => ({ ...now, status: 'healthy' }));
    return;
  }
  const mostMs = plan.kind === 'command' ? plan.startIntervalMs : undefined;
  await probeCommand(options.container, command, { start, set, signal, mostMs });
}

async function probeHttp(
  plan: Extract<HealthPlan, { kind: 'http' }>,
  start: Health,
  set: Set,
  signal: AbortSignal,
): Promise<void> {
  for (let health = start; health.status !== 'unhealthy' && !signal.aborted; ) {
    const answer = await askHttp(plan.url, plan.timeoutMs, signal);
    health = set((now) => afterProbe(now, plan, answer));
    await sleep(probeDelayMs(health, plan), undefined, { signal });
  }
}

/**
 * Podman runs a container's own check at its interval only; until the first success the same command is run here, so
 * that a container need not wait a whole interval to be known as healthy. Run apart from podman's check, it does not
 * use up its retries. From the first success on podman's word counts.
 */
async function probeCommand(
  container: string,
  { words, timeoutMs }: Check,
  {
    start,
    set,
    signal,
    mostMs,
  }: { start: Health; set: Set; signal: AbortSignal; mostMs: number | undefined },
): Promise<void> {
  let health = start;
  let done = false;
  while (!done && !signal.aborted) {
    const { code, stdout, stderr } = await exec(['podman', 'exec', container, ...words], {
      timeoutMs,
      signal,
    }).catch(() => ({ code: 1, stdout: '', stderr: `it did not end within ${showDuration(timeoutMs)}` }));
    done = code === 0;
    if (!signal.aborted) {
      const end = { exitCode: code, output: `${stdout}\n${stderr}` };
      health = set((now) => afterCommand(now, done ? 'healthy' : 'starting', end));
    }
    if (!done) await sleep(commandDelayMs(health, mostMs), undefined, { signal });
  }
}

interface Check {
  readonly words: readonly string[];
  readonly timeoutMs: number;
}

/** How podman's last check of a container ended; undefined when it does not say. */
async function lastCheck(container: string): Promise<CheckEnd | undefined> {
  const argv = ['podman', 'inspect', '--format', '{{json .State.Health}}', container];
  const { stdout } = await exec(argv).catch(() => ({ stdout: '' }));
  try {
    const health = JSON.parse(stdout) as { readonly Log?: readonly PodmanCheck[] | null } | null;
    const last = health?.Log?.at(-1);
    if (last === undefined || last.ExitCode === 0) return undefined;
    return { output: last.Output };
  } catch {
    return undefined; // it is gone, or is another podman's
  }
}

interface PodmanCheck {
  readonly ExitCode: number;
  readonly Output: string;
}

/** The container's own check, whether it comes from its image or from its Quadlet; null when it has none. */
async function healthCommand(container: string): Promise<Check | null> {
  const { code, stdout } = await exec([
    'podman',
    'inspect',
    '--format',
    '{{json .Config.Healthcheck}}',
    container,
  ]);
  if (code !== 0) return null;
  const check = JSON.parse(stdout) as { readonly Test?: readonly string[]; readonly Timeout?: number } | null;
  const [kind, ...words] = check?.Test ?? [];
  const timeoutMs = Math.max(1, Math.round((check?.Timeout || 30e9) / 1e6));
  if (kind === 'CMD') return { words, timeoutMs };
  if (kind === 'CMD-SHELL') return { words: ['/bin/sh', '-c', words.join(' ')], timeoutMs };
  return null;
}
