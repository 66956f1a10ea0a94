import { same } from '#base/json.ts';
import type { Manifest } from '#compile/manifest.ts';
import type { Ledger } from '#converge/ledger.ts';
import type { Drift } from '#plan/drift.ts';
import type { MachineCondition, MachineFacts, ReplicaReport } from '#plan/model.ts';
import type { AgentReport } from '#wire/agent-messages.ts';
import type { Converger } from './converger.ts';
import { containersOf } from './replicas.ts';

export interface ReportInput {
  readonly manifest: Manifest | undefined;
  readonly ledger: Ledger;
  readonly facts: MachineFacts;
  readonly converger: Pick<Converger, 'converged' | 'tried' | 'failures' | 'blockerOf'>;
  readonly replicas: readonly ReplicaReport[];
  readonly conditions: readonly MachineCondition[];
  readonly drift: readonly Drift[];
}

/** More than this nobody reads one by one, and a report is to stay small. */
const driftMax = 500;

/** What the server is told about this machine. */
export function makeReport(input: ReportInput): AgentReport {
  const { manifest, facts, converger } = input;
  return {
    generation: manifest?.generation ?? 0,
    converged: converger.converged(),
    tried: converger.tried(),
    facts,
    replicas: Object.fromEntries([...stuck(input), ...leaving(input), ...input.replicas.map(byId)]),
    failures: converger.failures.list(),
    ...(input.conditions.length > 0 ? { conditions: input.conditions } : {}),
    ...(input.drift.length === 0 ? {} : { drift: input.drift.slice(0, driftMax) }),
  };
}

const byId = (report: ReplicaReport): [string, ReplicaReport] => [report.id, report];

/** Replicas that cannot be made because something they need could not: nobody else would say so. */
function stuck({ manifest, converger, replicas }: ReportInput): [string, ReplicaReport][] {
  if (manifest === undefined) return [];
  const known = new Set(replicas.map(({ id }) => id));
  return containersOf(manifest).flatMap(({ id, name }) => {
    if (known.has(name)) return [];
    const cause = converger.failures.of(converger.blockerOf(id) ?? id);
    if (cause === undefined) return [];
    const { resource, what, log } = cause.failure;
    const state = cause.permanent ? 'failed' : 'starting';
    const needed = resource.startsWith('image:') ? 'its image could not be pulled' : `${resource} failed`;
    const detail = resource === id ? what : `${needed}: ${what}`;
    return [[name, { id: name, state, since: 0, restarts: 0, detail, ...(log ? { log } : {}) }]];
  });
}

/** Containers that are still here though the manifest does not want them any more. */
function leaving({ manifest, ledger }: ReportInput): [string, ReplicaReport][] {
  const wanted = new Set(manifest === undefined ? [] : containersOf(manifest).map(({ name }) => name));
  return Object.values(ledger).flatMap(({ resource }): [string, ReplicaReport][] => {
    if (resource.kind !== 'container' || wanted.has(resource.name)) return [];
    const { name } = resource;
    return [[name, { id: name, state: 'stopped', since: 0, restarts: 0, detail: 'is being removed' }]];
  });
}

/** Whether two reports say the same, apart from figures that always move. */
export const saysTheSame = (a: AgentReport, b: AgentReport): boolean =>
  same(withoutFigures(a), withoutFigures(b));

const withoutFigures = ({ facts, ...rest }: AgentReport) => {
  const { mesh } = facts;
  const peers = mesh?.peers.map(({ machine, round, handshakeAt }) => [machine, round, handshakeAt > 0]) ?? [];
  return { ...rest, peers, facts: { ...facts, diskFreeBytes: 0, mesh: mesh?.keys ?? {} } };
};
