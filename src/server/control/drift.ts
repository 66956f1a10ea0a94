import { BallastError } from '#base/errors.ts';
import type { Fixtures } from '#compile/fixtures.ts';
import type { Manifest, Resource } from '#compile/manifest.ts';
import type { MachineReport } from '#plan/model.ts';
import type { Hub } from '#server/hub.ts';
import type { CompileManifest } from '#server/loops/manifests.ts';
import type { RepairOutcome } from '#wire/agent-messages.ts';
import type {
  DriftView,
  ExplainedResource,
  MachineDrift,
  MachineExplanation,
  RepairView,
} from '#wire/drift-views.ts';
import type { Input } from '#wire/operations.ts';
import type { MachineView } from '#wire/views.ts';
import type { Control } from './context.ts';
import { knownMachine } from './leaving.ts';

export interface DriftParts {
  readonly compile: CompileManifest;
  readonly fixtures: Fixtures;
  readonly machines: readonly MachineView[];
}

/** How many past events of drift are shown. */
const recentMax = 20;

/** What differs on one machine or all, and what was put right lately. */
export function driftView(
  control: Control,
  { machine }: Input<'drift'>,
  { compile, fixtures, machines }: DriftParts,
): DriftView {
  const { state } = control;
  if (machine !== undefined) knownMachine(control, machine);
  const { policy, plan } = state;
  const shown = machines.filter(({ name }) => machine === undefined || name === machine);
  const recent = state.events
    .after(0)
    .filter((event) => event.kind === 'drift' && (machine === undefined || event.machine === machine))
    .filter(({ stage }) => stage === 'repaired' || stage === 'over')
    .slice(-recentMax);
  return {
    machines: shown.map(({ name, status }): MachineDrift => {
      const report = control.inventory().machines[name];
      const found = report?.drift ?? [];
      const manifest = found.length === 0 ? undefined : compile({ policy, plan, machine: name, fixtures });
      const origins = new Map(manifest?.resources.map(({ id, origin }) => [id, origin]));
      const failures = new Map(report?.failures.map(({ resource, what }) => [resource, what]));
      return {
        machine: name,
        status,
        repair: policy.fleet.drift?.repair ?? 'always',
        drift: found.map((drift) => {
          const failure = failures.get(drift.resource);
          const origin = origins.get(drift.resource) ?? '';
          return { ...drift, origin, ...(failure === undefined ? {} : { failure }) };
        }),
      };
    }),
    recent,
  };
}

/** How long a repair may take: packages and images may have to be fetched. */
const repairMs = 10 * 60_000;

/** Has a machine put right what differs, once. Settles when it is done, or the caller has gone. */
export async function repairMachine(
  control: Control,
  hub: Hub,
  { machine, resource = '*' }: Input<'repairMachine'>,
  { by, signal }: { readonly by: string; readonly signal: AbortSignal },
): Promise<RepairView> {
  knownMachine(control, machine);
  const stream = hub.open(machine, { kind: 'repair', resource });
  const what = resource === '*' ? 'all that differs' : resource;
  await control.state.tell({
    ...{ kind: 'repair-asked', machine, by, cause: 'corrective' },
    what: `${machine} is to put right ${what}`,
  });
  let outcome: RepairOutcome = { repaired: [], failures: [] };
  const late = setTimeout(() => stream.cancel(), repairMs);
  signal.addEventListener('abort', stream.cancel, { once: true });
  try {
    for await (const message of stream.messages) {
      if (message.kind === 'output')
        outcome = JSON.parse(Buffer.from(message.data, 'base64').toString('utf8')) as RepairOutcome;
      if (message.kind === 'end' && message.code !== 0) throw refused(machine, message.error);
    }
  } finally {
    clearTimeout(late);
    signal.removeEventListener('abort', stream.cancel);
  }
  return { machine, ...outcome };
}

const refused = (machine: string, why: string | undefined): BallastError =>
  new BallastError('command-failed', `${machine} did not repair`, {
    ...(why === undefined ? {} : { why }),
    fix: `look at what its agent says: journalctl -u ballast-agent on ${machine}`,
  });

/** All that a machine is to hold, who asked for it, and how it stands. */
export function explainMachine(
  control: Control,
  { machine }: Input<'explainMachine'>,
  { compile, fixtures }: Pick<DriftParts, 'compile' | 'fixtures'>,
): MachineExplanation {
  knownMachine(control, machine);
  const { policy, plan } = control.state;
  const manifest = compile({ policy, plan, machine, fixtures });
  const report = control.inventory().machines[machine];
  return {
    machine,
    plan: plan.number,
    resources: explained(manifest, report),
  };
}

function explained(
  { generation, resources }: Manifest,
  report: MachineReport | undefined,
): readonly ExplainedResource[] {
  const blocked = behindFailures(resources, report?.failures ?? []);
  return resources.map((resource) => {
    const { id, kind, origin, after } = resource;
    const name = id.slice(id.indexOf(':') + 1);
    return { id, kind, name, origin, after, ...stateOf(resource, { generation, blocked }, report) };
  });
}

/** Resources that wait for one that could not be made. */
function behindFailures(
  resources: readonly Resource[],
  failures: MachineReport['failures'],
): ReadonlySet<string> {
  const found = new Set(failures.map(({ resource }) => resource));
  for (let before = -1; before !== found.size; ) {
    before = found.size;
    for (const { id, after } of resources) if (after.some((one) => found.has(one))) found.add(id);
  }
  return found;
}

function stateOf(
  { id }: Resource,
  { generation, blocked }: { readonly generation: number; readonly blocked: ReadonlySet<string> },
  report: MachineReport | undefined,
): Pick<ExplainedResource, 'state' | 'detail'> {
  if (!report?.connected) return { state: 'unknown' };
  const failure = report.failures.find(({ resource }) => resource === id);
  if (failure) return { state: 'failing', detail: failure.what };
  const drift = report.drift?.find(({ resource }) => resource === id);
  if (drift) {
    const what = drift.found === 'missing' ? 'missing' : drift.changes.map(({ name }) => name).join(', ');
    return { state: 'drift', detail: [what, drift.by].filter((part) => part !== undefined).join(' ') };
  }
  const isHeld = report.converged >= generation || ((report.tried ?? 0) >= generation && !blocked.has(id));
  return { state: isHeld ? 'held' : 'pending' };
}
