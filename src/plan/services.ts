import { must } from '#base/assert.ts';
import { type Cidr, contains, nthAddress, parseCidr } from '#base/cidr.ts';
import { digestOf } from '#base/digest.ts';
import { type FleetModel, servicesDefault } from '#spec/fleet-model.ts';
import type { ServiceModel } from '#spec/model.ts';
import { serviceOf } from './digest.ts';
import type { AppState, Plan, Release, Replica, Waiting } from './model.ts';

/** The network that virtual addresses are taken from. */
export const servicesNetwork = ({ network }: FleetModel): string => network.services ?? servicesDefault;

/** Whether a service is known by an address of its own, behind which its replicas come and go. */
export const hasVip = ({ networkMode, deploy }: ServiceModel): boolean =>
  networkMode === 'bridge' && deploy.endpointMode === 'vip' && !deploy.mode.endsWith('-job');

/** What of a plan that is being drawn up says which services there are. */
export interface Drafted {
  readonly fleet: FleetModel;
  readonly parent: Pick<Plan, 'services'>;
  readonly replicas: readonly Pick<Replica, 'app' | 'service' | 'release'>[];
  readonly apps: ReadonlyMap<string, Pick<AppState, 'target'>>;
  release(app: string, number: number): Release;
}

/**
 * A virtual address for each of the services (`app/service`). Who has one keeps it. Where a new one is looked for
 * follows from the service's name, so that one that goes and comes again is mostly found where it was. Those for which none is free are added to `waiting`.
 */
export function addressServices(
  draft: Drafted,
  waiting: Waiting[],
): readonly (readonly [key: string, { readonly vip: string }])[] {
  const { fleet } = draft;
  const before = draft.parent.services ?? {};
  const keys = keysOf(draft);
  const network = must(parseCidr(servicesNetwork(fleet)), 'services’ network');
  const kept = keys.flatMap((key) => {
    const own = before[key];
    return own !== undefined && contains(network, own.vip) ? [[key, own] as const] : [];
  });
  const taken = new Set(kept.map(([, { vip }]) => vip));
  const known = new Set(kept.map(([key]) => key));
  const found: (readonly [string, { readonly vip: string }])[] = [...kept];
  for (const key of keys.filter((one) => !known.has(one)).sort()) {
    const vip = freeFrom(network, Number.parseInt(digestOf(key).slice(0, 8), 16), taken);
    if (vip === undefined) waiting.push(noVip(fleet, key));
    else {
      taken.add(vip);
      found.push([key, { vip }]);
    }
  }
  return found;
}

/** `app/service` of all that are to have a virtual address: those that there are, and those to come. */
function keysOf(draft: Drafted): readonly string[] {
  const there = draft.replicas.map((one) => [draft.release(one.app, one.release), one.service] as const);
  const coming = [...draft.apps].flatMap(([app, { target }]) => {
    const next = target === null ? undefined : draft.release(app, target);
    return next === undefined ? [] : Object.keys(next.model.services).map((name) => [next, name] as const);
  });
  const all = [...there, ...coming].filter(([made, name]) => hasVip(serviceOf(made, name)));
  return [...new Set(all.map(([{ app }, name]) => `${app}/${name}`))];
}

function noVip(fleet: FleetModel, key: string): Waiting {
  const [app = '', service = ''] = key.split('/');
  return { app, service, what: `no virtual address is free in network.services ${servicesNetwork(fleet)}` };
}

/** The network's first and last address are nobody's. */
function freeFrom(network: Cidr, start: number, taken: ReadonlySet<string>): string | undefined {
  const count = network.size - 2;
  for (let step = 0; step < count; step += 1) {
    const address = nthAddress(network, 1 + ((start + step) % count));
    if (address !== undefined && !taken.has(address)) return address;
  }
  return undefined;
}
