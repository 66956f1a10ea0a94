import type { Placed } from '#compile/view.ts';
import { ingressMachines } from '#plan/machines/ingress.ts';
import type { MachineRecord, Plan, Policy } from '#plan/model.ts';
import { containerSubnet } from '#plan/schedule/address.ts';
import { servicesNetwork } from '#plan/services.ts';
import { subnetsInUse } from '#plan/subnets.ts';
import { type NetService, netServices } from './services.ts';

/** A machine as containers see it. */
export interface NetMachine {
  readonly name: string;
  /** Its own address, and the one it has among containers. */
  readonly address: string;
  readonly gateway: string;
  /** Network of its containers. */
  readonly cidr: string;
  /** Takes requests from the world for services. */
  readonly ingress: boolean;
}

/** All that says who may talk to whom under a plan. The same for every machine. */
export interface Traffic {
  readonly policy: Policy;
  readonly placed: readonly Placed[];
  readonly services: ReadonlyMap<string, NetService>;
  readonly machines: readonly NetMachine[];
  /** Networks whose addresses are no computer's: the firewall leads from them to replicas. */
  readonly virtual: readonly string[];
}

export function trafficOf(policy: Policy, plan: Plan, placed: readonly Placed[]): Traffic {
  const ingress = new Set(ingressMachines(policy).map(({ name }) => name));
  const netMachine = ({ name, address, index }: MachineRecord): NetMachine => {
    const { cidr, gateway } = containerSubnet(policy.fleet, index);
    return { name, address, gateway, cidr, ingress: ingress.has(name) };
  };
  return {
    policy,
    placed,
    virtual: [servicesNetwork(policy.fleet), ...subnetsInUse(policy, plan)],
    services: netServices(policy, plan, placed),
    machines: Object.values(policy.machines)
      .sort((a, b) => a.index - b.index)
      .map(netMachine),
  };
}

/** Those of replicas that are on a machine. */
export const local = <T extends { readonly machine: string }>(
  all: readonly T[],
  { name }: Pick<NetMachine, 'name'>,
): readonly T[] => all.filter((one) => one.machine === name);
