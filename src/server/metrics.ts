import { statSync } from 'node:fs';
import type { Picture } from './api/app-views.ts';
import type { NewEvent } from './state.ts';

/** Counts and gauges in Prometheus's text format. */
export interface Metrics {
  readonly count: (operation: string, status: number) => void;
  /** Takes in an event that a machine told. */
  readonly saw: (event: NewEvent) => void;
  readonly text: (picture: Picture, facts: { readonly version: string; readonly epoch: number }) => string;
}

export function createMetrics(storePath?: string): Metrics {
  const requests = new Map<string, number>();
  const found = new Map<string, number>();
  const repaired = new Map<string, number>();
  return {
    count(operation, status) {
      const key = `operation="${operation}",status="${status}"`;
      requests.set(key, (requests.get(key) ?? 0) + 1);
    },
    saw({ kind, stage, machine = '', subject = '' }) {
      if (kind !== 'drift' || stage === undefined || stage === 'over') return;
      const counts = stage === 'repaired' ? repaired : found;
      const key = `machine="${machine}",kind="${subject.slice(0, subject.indexOf(':'))}"`;
      counts.set(key, (counts.get(key) ?? 0) + 1);
    },
    text(picture, { version, epoch }) {
      const { policy, plan, inventory } = picture;
      const machines = Object.keys(policy.machines);
      const connected = machines.filter((name) => inventory.machines[name]?.connected);
      const states = Object.values(plan.replicas).map(
        (replica) => inventory.machines[replica.machine]?.replicas[replica.id]?.state ?? 'unknown',
      );
      const phases = Object.values(plan.apps).map((app) => app.phase);
      const { user, system } = process.cpuUsage();
      return [
        family('ballast_info', 'gauge', 'Version of the server', [[`version="${version}"`, 1]]),
        family('ballast_leader_epoch', 'gauge', 'How many leaders there were', [['', epoch]]),
        family('ballast_plan_number', 'gauge', 'Number of the newest plan', [['', plan.number]]),
        family('ballast_machines', 'gauge', 'Machines of the fleet', [
          ['status="online"', connected.length],
          ['status="offline"', machines.length - connected.length],
        ]),
        family('ballast_machines_behind', 'gauge', 'Connected machines that do not hold the newest plan', [
          ['', connected.filter((name) => (inventory.machines[name]?.converged ?? 0) < plan.number).length],
        ]),
        family('ballast_machine_condition', 'gauge', 'Shortages of connected machines', [
          ...connected.flatMap((name) =>
            (inventory.machines[name]?.conditions ?? []).map(
              ({ kind }) => [`machine="${name}",kind="${kind}"`, 1] as const,
            ),
          ),
        ]),
        family('ballast_apps', 'gauge', 'Apps by the phase of their rollout', counted('phase', phases)),
        family(
          'ballast_replicas',
          'gauge',
          'Placed replicas by what their machine reports',
          counted('state', states),
        ),
        family('ballast_waiting', 'gauge', 'Steps of the plan that something stands in the way of', [
          ['', plan.waiting.length],
        ]),
        family(
          'ballast_drift_found_total',
          'counter',
          'Differences that nobody asked for, found since the server started',
          [...found],
        ),
        family(
          'ballast_drift_repaired_total',
          'counter',
          'Differences that nobody asked for, put right since the server started',
          [...repaired],
        ),
        family(
          'ballast_drift_current',
          'gauge',
          'Differences that nobody asked for and that are there now',
          currentDrift(picture),
        ),
        family('ballast_requests_total', 'counter', 'Requests answered', [...requests]),
        ...(storePath === undefined
          ? []
          : [family('ballast_store_bytes', 'gauge', 'Size of the store', [['', sizeOf(storePath)]])]),
        family('process_cpu_seconds_total', 'counter', 'Processor time used', [['', (user + system) / 1e6]]),
        family('process_resident_memory_bytes', 'gauge', 'Memory in use', [['', process.memoryUsage.rss()]]),
      ].join('');
    },
  };
}

function family(
  name: string,
  type: 'gauge' | 'counter',
  help: string,
  samples: readonly (readonly [labels: string, value: number])[],
): string {
  const lines = samples.map(([labels, value]) => `${name}${labels === '' ? '' : `{${labels}}`} ${value}\n`);
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join('')}`;
}

function currentDrift({ inventory }: Picture): (readonly [string, number])[] {
  const all = Object.values(inventory.machines).flatMap(({ machine, drift = [] }) =>
    drift.map(({ kind, doing }) => `machine="${machine}",kind="${kind}",doing="${doing}"`),
  );
  return [...Map.groupBy(all, (labels) => labels)]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([labels, same]) => [labels, same.length]);
}

function counted(label: string, values: readonly string[]): (readonly [string, number])[] {
  const groups = Map.groupBy(values, (value) => value);
  return [...groups]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([value, all]) => [`${label}="${value}"`, all.length]);
}

function sizeOf(path: string): number {
  return [path, `${path}-wal`].reduce(
    (sum, file) => sum + (statSync(file, { throwIfNoEntry: false })?.size ?? 0),
    0,
  );
}
