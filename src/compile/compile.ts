import { fitsGlob } from '#base/glob.ts';
import { poolOf } from '#plan/machines/pool.ts';
import type { Plan, Policy } from '#plan/model.ts';
import { accessResources } from './access/access.ts';
import { appResources } from './app.ts';
import { dnsResources } from './dns.ts';
import { firewallResources } from './firewall.ts';
import type { Fixtures } from './fixtures.ts';
import { hostResources, oncePerId } from './host/host.ts';
import { hostFirewallResources } from './host-firewall.ts';
import { ingressResources } from './ingress/ingress.ts';
import { ingressRoutes } from './ingress/routes.ts';
import { keptImages } from './kept-images.ts';
import type { DriftRules, Manifest, Resource } from './manifest.ts';
import { meshResources } from './mesh.ts';
import { neighbourResources, neighboursOf } from './neighbours.ts';
import { networkResources } from './network.ts';
import { registryClientResources, registryResources } from './registry.ts';
import { type SharedTable, sharedTable } from './traffic/table.ts';

export interface CompileInput {
  readonly policy: Policy;
  readonly plan: Plan;
  readonly machine: string;
  readonly fixtures: Fixtures;
}

/** All that one machine must hold under a plan. Pure. */
export function compileManifest({ policy, plan, machine, fixtures }: CompileInput): Manifest {
  if (policy.machines[machine]?.leaving) return { machine, generation: plan.number, resources: [] };
  const { table: shared, keepImages } = sharedOf(policy, plan);
  const { placed } = shared.traffic;
  const { registry } = fixtures;
  const registryAddress = registry ? policy.machines[registry.machine]?.address : undefined;
  const resources = withoutTwins([
    ...hostResources(policy, machine),
    ...networkResources(policy, machine, shared.traffic.virtual),
    ...meshResources(policy, machine),
    ...dnsResources(shared, machine),
    ...firewallResources(shared, machine),
    ...hostFirewallResources(policy, machine, fixtures),
    ...(registry && registryAddress !== undefined
      ? registryClientResources(registry, { address: registryAddress, ca: fixtures.ca })
      : []),
    ...(registry?.machine === machine ? registryResources(registry) : []),
    ...ingressResources(policy, machine, ingressRoutes(policy, plan, placed), fixtures),
    ...neighbourResources(fixtures),
    ...accessResources(policy, machine, fixtures.ssh),
    ...appResources(policy, machine, placed),
  ]);
  const diskBytes = poolOf(policy.fleet, machine)?.reserve?.diskBytes;
  const known = new Set(resources.map(({ id }) => id));
  return {
    machine,
    generation: plan.number,
    keepImages,
    ...(diskBytes === undefined ? {} : { reserve: { diskBytes } }),
    ...driftRules(policy, machine),
    ...neighboursOf(policy, machine, fixtures),
    // An edge to what this machine does not hold has nothing to wait for.
    resources: oncePerId(resources).map((resource) => ({
      ...resource,
      after: resource.after.filter((id) => known.has(id)),
    })),
  };
}

/** What the manifests of one plan have in common is made once: a memory of a pure function, gone with the plan. */
const memory = new WeakMap<Plan, Shared>();

interface Shared {
  readonly policy: Policy;
  readonly table: SharedTable;
  readonly keepImages: readonly string[];
}

function sharedOf(policy: Policy, plan: Plan): Shared {
  const known = memory.get(plan);
  if (known?.policy === policy) return known;
  const shared = { policy, table: sharedTable(policy, plan), keepImages: keptImages(policy, plan) };
  memory.set(plan, shared);
  return shared;
}

/** Several parts may need the same package: it is held once. */
function withoutTwins(resources: readonly Resource[]): readonly Resource[] {
  const packages = new Set<string>();
  return resources.filter(({ kind, id }) => {
    if (kind !== 'package') return true;
    if (packages.has(id)) return false;
    packages.add(id);
    return true;
  });
}

function driftRules({ fleet: { drift } }: Policy, machine: string): { readonly drift?: DriftRules } {
  if (drift === undefined) return {};
  const here = drift.allow.filter(({ machines = '*' }) => fitsGlob(machine, machines));
  const allow = here.map(({ resource, until }) => ({ resource, until }));
  return { drift: { repair: drift.repair, allow } };
}
