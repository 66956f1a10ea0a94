import { namesByApp } from '#compile/names.ts';
import { type NftChain, type NftObject, set } from '#compile/nft/objects.ts';
import { placedReplicas, type ServedService, servedServices } from '#compile/view.ts';
import type { Plan, Policy } from '#plan/model.ts';
import { type Grant, inboundGrants } from './grants.ts';
import { hooks } from './hooks.ts';
import { inboundObjects, judgeOf, outboundObjects, virtualJudged } from './judging.ts';
import { balancing, publishedPorts, publishing } from './leading.ts';
import type { NetService } from './services.ts';
import { setsOf } from './sets.ts';
import { local, type NetMachine, type Traffic, trafficOf } from './traffic.ts';

/** What every machine's table has in common: made once for a plan. */
export interface SharedTable {
  readonly traffic: Traffic;
  readonly served: readonly ServedService[];
  readonly sets: ReadonlyMap<string, NftObject>;
  /** By service: the chain that says who may reach it. */
  readonly judges: ReadonlyMap<string, NftChain>;
  /** What leads on, and judges, connections to virtual addresses. */
  readonly virtual: readonly NftObject[];
  /** By app: the names of its services. */
  readonly names: ReadonlyMap<string, string>;
  /** By service: who may reach it. */
  readonly inbound: ReadonlyMap<string, readonly Grant[]>;
}

export function sharedTable(policy: Policy, plan: Plan): SharedTable {
  const placed = placedReplicas(policy, plan);
  const traffic = trafficOf(policy, plan, placed);
  const { services } = traffic;
  const served = servedServices(placed);
  const inbound = new Map([...services].map(([key, service]) => [key, inboundGrants(traffic, service)]));
  return {
    traffic,
    served,
    names: namesByApp({ traffic, served }),
    sets: new Map([...setsOf(traffic)].map(([name, elements]) => [name, set(name, elements)])),
    judges: new Map([...inbound].map(([key, grants]) => [key, judgeOf(key, grants)])),
    virtual: [...balancing([...services.values()]), virtualJudged([...services.values()])],
    inbound,
  };
}

/**
 * The table that leads connections to services and judges them. Whatever the number of services, a packet meets a
 * few rules: maps lead from addresses and ports to one service's own chains. What goes to a virtual address or a
 * published port is judged before it is led on, because a refusal after that would not reach who asked; what goes
 * to a container itself is judged on that container's machine.
 */
export function tableObjects(shared: SharedTable, machine: NetMachine): readonly NftObject[] {
  const { traffic, served, virtual } = shared;
  const services = [...traffic.services.values()];
  const here = services.filter(({ members }) => members.some((one) => one.machine === machine.name));
  const limited = here.filter(({ model }) => model.outbound !== undefined);
  const published = publishedPorts(served, machine.name);
  const all = [
    ...inboundObjects(shared, services, machine),
    ...outboundObjects(shared, limited, machine),
    ...virtual,
    ...publishing(shared, published),
    ...hooks(traffic, machine),
    set(
      'self',
      here.flatMap(({ members }) => selves(members, machine)),
      'ipv4_addr . ipv4_addr',
    ),
    set('shut_in', shutIn(traffic, machine)),
  ];
  return [...referenced(shared.sets, all), ...all];
}

const selves = (members: NetService['members'], machine: NetMachine): readonly string[] =>
  local(members, machine).map(({ address }) => `${address} . ${address}`);

/** Sets that some rule speaks of; one that nothing belongs to is empty. */
function referenced(sets: SharedTable['sets'], objects: readonly NftObject[]): readonly NftObject[] {
  const names = new Set(
    objects.flatMap((object) =>
      object.kind === 'chain'
        ? object.rules.flatMap((rule) =>
            typeof rule === 'string' ? (/@((?:net|svc|to)-\S+|machines|ingress)/.exec(rule)?.[1] ?? []) : [],
          )
        : [],
    ),
  );
  return [...names].sort().map((name) => sets.get(name) ?? set(name, []));
}

/** Containers whose networks are all `internal`: they reach nothing outside the fleet. */
function shutIn({ placed }: Traffic, machine: NetMachine): readonly string[] {
  return placed
    .filter(({ replica, release, service }) => {
      const keys = Object.keys(service.networks);
      const inside = keys.length > 0 && keys.every((key) => release.model.networks[key]?.internal);
      return replica.machine === machine.name && service.networkMode === 'bridge' && inside;
    })
    .map(({ replica }) => replica.address);
}
