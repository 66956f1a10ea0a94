import { same } from '#base/json.ts';
import { machinesOf, poolOf } from '#plan/machines/pool.ts';
import type { MachineRecord, Plan, Policy } from '#plan/model.ts';
import { settle } from '#server/simulate.ts';
import { type FleetModel, isMade, type PoolModel, servicesDefault } from '#spec/fleet-model.ts';
import type { Origins } from '#spec/model.ts';
import type { FieldChange, FleetPreview, MachineChange } from '#wire/views.ts';
import type { Control } from './context.ts';
import { shown } from './field-text.ts';
import { fleetChange } from './fleet.ts';
import { forceableProblems } from './forceable.ts';
import { hostSecrets } from './host-secrets.ts';
import { type Imagined, imagine } from './imagined.ts';
import { closedProblems } from './lock-out.ts';
import { manifestChanges } from './manifest-diff.ts';
import { rangeChanges, rangeProblems } from './network-checks.ts';
import type { PreviewParts } from './preview.ts';

/** What a fleet file would change: machines, and what they hold once the fleet has come to rest. Stores nothing. */
export async function previewFleet(
  control: Control,
  { fleet, origins }: { readonly fleet: FleetModel; readonly origins: Origins },
  { compile, fixtures }: PreviewParts,
): Promise<FleetPreview> {
  const { state, nextPlan } = control;
  const { policy, plan } = state;
  const change = fleetChange(policy, fleet);
  const host = await hostSecrets(fleet, origins, control.secrets);
  const problems = [
    ...change.problems,
    ...rangeProblems(fleet, origins),
    ...rangeChanges({ policy, inventory: control.inventory() }, fleet, origins),
    ...forceableProblems(control, { fleet, origins, surplus: change.surplus, force: [] }),
    ...host.problems,
    ...(await closedProblems(control, fleet, origins)),
  ];
  // What cannot be applied cannot be imagined either: networks may be of no use.
  const after =
    problems.length > 0 ? { policy, inventory: control.inventory() } : await imagine(control, fleet);
  const then: Policy = { ...after.policy, fleetOrigins: origins, hostSecrets: host.versions };
  const end = settle({ ...after, plan, now: state.now() }, nextPlan).plan;
  const machines = machineChanges(policy, fleet, after);
  const changes = Object.keys(after.policy.machines).flatMap((machine) => {
    const of = (wanted: Policy, at: Plan) => compile({ policy: wanted, plan: at, machine, fixtures });
    const before = machine in policy.machines ? policy : then;
    return manifestChanges(of(before, plan), of(then, end));
  });
  const count = (action: MachineChange['action']) => machines.filter((one) => one.action === action).length;
  return {
    fleet: fleet.name,
    parent: plan.number,
    machines,
    fields: [...fieldChanges(settingsOf(policy.fleet), settingsOf(fleet))],
    changes,
    problems,
    summary: { add: count('create'), change: count('update'), replace: 0, remove: count('delete') },
  };
}

function machineChanges(policy: Policy, fleet: FleetModel, after: Imagined): readonly MachineChange[] {
  const asked = Object.values(fleet.pools).flatMap((pool) =>
    machinesOf(pool).map((name) => ({ name, pool })),
  );
  const formerly = new Set(Object.values(policy.fleet.pools).flatMap(machinesOf));
  const named = new Set(asked.map(({ name }) => name));
  return [
    ...asked.flatMap(({ name, pool }) => {
      const there = policy.machines[name];
      return there ? changed(there, policy.fleet, pool) : [made(name, pool, after.policy.machines[name])];
    }),
    ...Object.values(policy.machines)
      .filter(({ name }) => formerly.has(name) && !named.has(name))
      .map(({ name, provider, address }): MachineChange => {
        const note = isMade(provider)
          ? 'no longer in the file: its replicas move, then it is destroyed'
          : 'no longer in the file; goes only when it is asked for by name';
        return { machine: name, action: 'delete', provider, address, fields: [], note };
      }),
  ];
}

function made(machine: string, pool: PoolModel, record: MachineRecord | undefined): MachineChange {
  const address = record?.address ?? pool.address ?? '';
  const note =
    pool.provider === 'ssh' && pool.address === undefined
      ? `joins with: ballast machine add ${machine} --ssh USER@HOST`
      : '';
  const fields = fieldChanges({}, traitsOf(pool.labels, pool));
  return { machine, action: 'create', provider: pool.provider, address, fields, note };
}

function changed(there: MachineRecord, before: FleetModel, pool: PoolModel): readonly MachineChange[] {
  const { name, provider, address, labels } = there;
  const old = poolOf(before, name);
  const fields = fieldChanges(traitsOf(labels, old), traitsOf(pool.labels, pool));
  if (fields.length === 0) return [];
  const resized = !same(old?.size ?? {}, pool.size);
  const note = resized ? 'a machine keeps its size until it is made anew' : '';
  return [{ machine: name, action: 'update', provider, address, fields, note }];
}

type Traits = Readonly<Record<string, string>>;

function traitsOf(labels: Traits, pool: PoolModel | undefined): Traits {
  const { cpus, memoryBytes } = pool?.size ?? {};
  const kept = Object.entries(pool?.reserve ?? {});
  return {
    ...(cpus === undefined ? {} : { cpus: String(cpus) }),
    ...(memoryBytes === undefined ? {} : { memoryBytes: String(memoryBytes) }),
    ...Object.fromEntries(kept.map(([key, value]) => [`reserve.${key}`, String(value)])),
    ...Object.fromEntries(Object.entries(labels).map(([key, value]) => [`labels.${key}`, value])),
  };
}

const settingsOf = ({ name, network, registry }: FleetModel): Traits => ({
  name,
  'network.machines': network.machines,
  'network.containers': network.containers,
  'network.services': network.services ?? servicesDefault,
  'network.mesh': network.mesh ?? 'none',
  ...(registry.machine === undefined ? {} : { 'registry.machine': registry.machine }),
});

function fieldChanges(before: Traits, after: Traits): readonly FieldChange[] {
  return [...new Set([...Object.keys(before), ...Object.keys(after)])].flatMap((name) => {
    const [from, to] = [before[name] ?? null, after[name] ?? null];
    return from === to ? [] : [{ name, ...shown(from, to) }];
  });
}
