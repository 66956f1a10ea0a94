import type { AppPolicy, AppState, Inventory, Plan, Policy, Replica } from '#plan/model.ts';
import { outcomeOf } from '#plan/rollout/outcomes.ts';
import { begin } from '#plan/rollout/state.ts';
import type { PortModel, ServiceModel } from '#spec/model.ts';
import type { AppView, ReleaseView, ReplicaView, ServiceView } from '#wire/views.ts';

/** What views are made from. */
export interface Picture {
  readonly policy: Policy;
  readonly plan: Plan;
  readonly inventory: Inventory;
}

/** Where an app stands. A wish that no plan has taken up yet counts as a rollout that begins. */
export function stateOf({ policy, plan }: Picture, app: string): AppState | undefined {
  const wish = policy.apps[app];
  const state = plan.apps[app];
  if (wish === undefined || state?.wanted === wish.wanted) return state;
  if (state === undefined && wish.wanted === null) return undefined;
  const since = wish.wanted === null ? state?.since : wish.releases[wish.wanted]?.at;
  return begin(wish, state, since ?? 0);
}

/** Names of all apps there are, those that are leaving included. */
export const appNames = ({ policy, plan }: Picture): readonly string[] =>
  [...new Set([...Object.keys(policy.apps), ...Object.keys(plan.apps)])].sort();

export function appView(picture: Picture, app: string): AppView | undefined {
  const state = stateOf(picture, app);
  if (state === undefined) return undefined;
  const wish = picture.policy.apps[app];
  const { outcomes: _, ...shown } = state;
  return {
    name: app,
    release: wish?.wanted ?? null,
    state: shown,
    services: serviceViews(picture, { app, state, wish }),
    waiting: picture.plan.waiting
      .filter((waiting) => waiting.app === app)
      .map((waiting) => `${waiting.service}: ${waiting.what}`),
  };
}

export function replicaView({ inventory }: Picture, replica: Replica): ReplicaView {
  const { id, app, service, slot, release, machine, address, phase, reason } = replica;
  const report = inventory.machines[machine];
  return {
    ...{ id, app, service, slot, release, machine, address, phase, reason },
    report: (report?.connected ? report.replicas[id] : undefined) ?? null,
    ...(report?.connected ? {} : { away: true }),
  };
}

export function replicasOf(plan: Plan, app?: string): readonly Replica[] {
  return Object.values(plan.replicas)
    .filter((replica) => app === undefined || replica.app === app)
    .sort(
      (a, b) =>
        order(a.app, b.app) || order(a.service, b.service) || a.slot - b.slot || a.release - b.release,
    );
}

export function releaseViews(picture: Picture, app: AppPolicy): readonly ReleaseView[] {
  const state = stateOf(picture, app.name);
  return Object.values(app.releases)
    .sort((a, b) => b.number - a.number)
    .map(({ number, at, by, note, model }) => ({
      ...{ number, at, by, note },
      status: statusOf(number, state),
      images: Object.fromEntries(
        Object.values(model.services).map((service) => [service.name, service.image ?? '']),
      ),
    }));
}

function statusOf(number: number, state: AppState | undefined): ReleaseView['status'] {
  if (outcomeOf(state, number) === 'failed') return 'failed';
  if (state?.target !== number) return 'superseded';
  return state.phase === 'rolling' || state.phase === 'rolling-back' ? 'rolling' : 'current';
}

function serviceViews(
  picture: Picture,
  { app, state, wish }: { app: string; state: AppState; wish: AppPolicy | undefined },
): readonly ServiceView[] {
  const release = wish?.releases[state.target ?? state.wanted ?? -1];
  const services = Object.values(release?.model.services ?? {});
  const replicas = replicasOf(picture.plan, app);
  return services.map((service) => {
    const own = replicas.filter((replica) => replica.service === service.name);
    const healthy = own.filter((replica) => isHealthy(picture.inventory, replica));
    // A replica that an earlier release made is up to date when nothing of what it depends on changed since.
    const digests = own
      .filter((replica) => replica.release === release?.number)
      .map((replica) => replica.digest);
    const settled = state.phase === 'steady';
    return {
      name: service.name,
      image: service.image ?? '',
      wanted: wantedReplicas(picture, service),
      placed: own.length,
      healthy: healthy.length,
      updated: own.filter(
        (replica) => settled || replica.release === release?.number || digests.includes(replica.digest),
      ).length,
      ports: service.ports.map(showPort),
    };
  });
}

export function isHealthy(inventory: Inventory, replica: Replica): boolean {
  const machine = inventory.machines[replica.machine];
  const state = machine?.connected ? machine.replicas[replica.id]?.state : undefined;
  return state === 'running' || state === 'completed';
}

function wantedReplicas({ policy }: Picture, { deploy }: ServiceModel): number {
  if (deploy.mode === 'replicated' || deploy.mode === 'replicated-job') return deploy.replicas;
  return Object.values(policy.machines).filter((machine) => machine.schedulable).length;
}

function showPort({ hostIp, published, target, protocol }: PortModel): string {
  return `${hostIp === undefined ? '' : `${hostIp}:`}${published}->${target}/${protocol}`;
}

const order = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
