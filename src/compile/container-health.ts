import type { HealthcheckModel, ServiceModel } from '#spec/model.ts';
import type { HealthPlan } from './manifest.ts';
import { argumentLine, jsonList, type QuadletLine, seconds, unexpanded, words } from './quadlet-text.ts';

/** A service without a health check counts as healthy once it has run for this long. */
const settleMs = 1_000;

/** How the agent finds out whether a replica is healthy. */
export function healthPlan(service: ServiceModel, address: string): HealthPlan {
  const { probe, healthcheck } = service;
  if (probe) {
    const host = service.networkMode === 'host' ? '127.0.0.1' : address;
    const { path, port, ...times } = probe;
    return { kind: 'http', url: `http://${host}:${port}${path}`, ...times };
  }
  if (healthcheck === 'disabled') return { kind: 'none', settleMs };
  // Without a check of the app's own that of the image holds, if it has one: the agent looks.
  return { kind: 'command', ...(healthcheck && { startIntervalMs: healthcheck.startIntervalMs }) };
}

/** Podman's own part: it runs the command inside the container. */
export function healthLines({ healthcheck: check, probe }: ServiceModel): QuadletLine[] {
  // Not as a check that is none: podman would make a timer for it all the same.
  if (check === 'disabled' || probe) return [argumentLine('--no-healthcheck')];
  if (!check || check.test.length === 0) return [];
  return [
    ['HealthCmd', testText(check)],
    ['HealthInterval', seconds(check.intervalMs)],
    ['HealthTimeout', seconds(check.timeoutMs)],
    ['HealthRetries', String(check.retries)],
    ['HealthStartPeriod', seconds(check.startPeriodMs)],
  ];
}

/**
 * The test as podman reads it: a list of several words is run as it stands, a list of one is handed to a shell, and
 * only text may begin with CMD, which keeps a single word from the shell that an image need not have.
 */
function testText({ shell, test }: HealthcheckModel): string {
  if (shell) return jsonList(['CMD-SHELL', ...test]);
  const [only = ''] = test;
  if (test.length > 1) return jsonList(test);
  return /\s/.test(only) ? jsonList([`'${only.replaceAll("'", "'\\''")}'`]) : unexpanded(`CMD ${only}`);
}

/**
 * The image's own test with other times: podman takes times together with a command only, but changes them once the
 * container is there. An image without a test has nothing to change, which is no failure.
 */
export function checkUpdate({ healthcheck: check, probe }: ServiceModel, container: string): QuadletLine[] {
  if (!check || check === 'disabled' || probe || check.test.length > 0) return [];
  return [['ExecStartPost', `-${words(['/usr/bin/podman', 'update', ...times(check), container])}`]];
}

const times = (check: HealthcheckModel): readonly string[] => [
  `--health-interval=${seconds(check.intervalMs)}`,
  `--health-timeout=${seconds(check.timeoutMs)}`,
  `--health-retries=${check.retries}`,
  `--health-start-period=${seconds(check.startPeriodMs)}`,
];
