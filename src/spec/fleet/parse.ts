import { overlaps, parseCidr, showCidr } from '#base/cidr.ts';
import { parseDurationMs } from '#base/duration.ts';
import { dirname } from '#base/path.ts';
import { present } from '#base/present.ts';
import type { Result } from '#base/result.ts';
import { parseSizeBytes } from '#base/size.ts';
import { suggest } from '#base/suggest.ts';
import { interpolateTree } from '#spec/compose/interpolate-tree.ts';
import { pairsOf, sortKeys } from '#spec/compose/normal/values.ts';
import { originsOf } from '#spec/compose/origins.ts';
import { lookupIn } from '#spec/compose/source.ts';
import {
  type FleetModel,
  type FleetNetworkModel,
  type PoolModel,
  servicesDefault,
} from '#spec/fleet-model.ts';
import type { Origins } from '#spec/model.ts';
import { collectProblems, type Problems } from '#spec/problems.ts';
import { canonical } from '#spec/table/canonical.ts';
import { check } from '#spec/table/check.ts';
import { parseYaml } from '#spec/yaml/parse.ts';
import type { Entry, Mapping, Tree } from '#spec/yaml/tree.ts';
import { describe, entriesOf, get, numberOf, textOf } from '#spec/yaml/tree.ts';
import { accessOf } from './access.ts';
import { driftOf } from './drift.ts';
import { checkLists } from './host/check-lists.ts';
import { type Hosts, hostsOf } from './host/hosts.ts';
import { checkProviderKeys, incusOf, incusPoolOf } from './incus.ts';
import { fleetIngressOf } from './ingress.ts';
import { cidrPattern, fleetShape } from './keys.ts';
import { reserveOf } from './reserve.ts';
import { poolGroupsOf, securityGroupsOf } from './security/read.ts';
import { checkSsh } from './ssh.ts';

export interface FleetInput {
  /** Shown in problems. */
  readonly file: string;
  readonly text: string;
  /** For variables in the file. */
  readonly env: Readonly<Record<string, string>>;
  /** Text of a file beside the fleet file that it names; undefined when there is none. */
  readonly read?: (path: string) => string | undefined;
}

export interface ParsedFleet {
  readonly fleet: FleetModel;
  readonly origins: Origins;
}

/** The fleet that a fleet file describes, or every problem in it. */
export function parseFleet({ file, text, env, read = () => undefined }: FleetInput): Result<ParsedFleet> {
  const problems = collectProblems('fleet');
  const documents = parseYaml({ file, text, dir: dirname(file) }, problems);
  const root = rootOf(file, documents, problems);
  if (root === undefined) return { ok: false, problems: problems.found() };
  const filled = interpolateTree(root, lookupIn(env), problems);
  checkLists(filled, problems);
  const tree = canonical(filled, fleetShape);
  check(tree, fleetShape, '', problems);
  const hosts = hostsOf(tree, { problems, read });
  const pools = poolsOf(tree, hosts, problems);
  const network = networkOf(get(tree, 'network'), problems);
  checkRoom(tree, pools, network, problems);
  const incus = incusOf(tree, network, problems);
  const machines = Object.values(pools).flatMap(machineNames);
  const machine = registryOf(tree, machines, problems);
  const access = accessOf(tree, machines, problems);
  const securityGroups = securityGroupsOf(tree, machines, problems);
  const drift = driftOf(tree, machines, problems);
  const ingress = fleetIngressOf(tree, { problems, read });
  const found = problems.found();
  if (found.length > 0) return { ok: false, problems: found };
  const fleet: FleetModel = {
    name: textOf(get(tree, 'fleet')) ?? '',
    pools,
    network,
    registry: present({ machine }),
    ...present({ host: hosts.all, drift, incus, access, securityGroups, ingress }),
  };
  const warnings = problems.warnings();
  const value = { fleet, origins: { ...originsOf(tree), ...hosts.origins } };
  return warnings.length === 0 ? { ok: true, value } : { ok: true, value, warnings };
}

function rootOf(file: string, documents: readonly Tree[], problems: Problems): Mapping | undefined {
  const [first, second] = documents;
  if (second !== undefined) {
    problems.add('yaml', {
      what: 'a fleet file is one document',
      fix: 'remove what follows ---',
      at: second.at,
    });
  }
  if (first?.kind === 'mapping') return first;
  if (problems.found().length > 0) return undefined;
  problems.add('wrong-type', {
    what:
      first === undefined
        ? 'the file is empty'
        : `the file holds ${describe(first)} where a mapping is expected`,
    fix: 'a fleet file begins like this: fleet: NAME',
    at: first?.at ?? { file, line: 1, column: 1 },
  });
  return undefined;
}

const countMax = 250;

/** Names of a pool's machines: the pool's own without `count`, else numbered from 1. */
export const machineNames = (pool: PoolModel): readonly string[] =>
  pool.count === undefined
    ? [pool.name]
    : Array.from({ length: Math.min(pool.count, countMax) }, (_, index) => `${pool.name}-${index + 1}`);

function poolsOf(tree: Tree, hosts: Hosts, problems: Problems): Readonly<Record<string, PoolModel>> {
  const found: Record<string, PoolModel> = {};
  const owners = new Map<string, string>();
  for (const entry of entriesOf(get(tree, 'machines'))) {
    if (entry.key.startsWith('x-') || entry.value.kind !== 'mapping') continue;
    const pool = { ...poolOf(entry, tree, problems), ...present({ host: hosts.pools[entry.key] }) };
    for (const name of machineNames(pool)) {
      const owner = owners.get(name);
      if (owner !== undefined) {
        problems.add('duplicate-machine', {
          what: `machines.${entry.key}: the machine ${name} is in the pool ${owner} too`,
          fix: 'rename one of the pools',
          at: entry.at,
        });
      }
      owners.set(name, entry.key);
    }
    found[entry.key] = pool;
  }
  const machines = get(tree, 'machines');
  if (machines?.kind === 'mapping' && machines.entries.size === 0) {
    problems.add('no-machines', {
      what: 'the fleet has no machines',
      fix: 'add a pool: machines: { app: { provider: local, count: 3 } }',
      at: machines.at,
    });
  }
  return sortKeys(found);
}

const providerOf = (written: string | undefined): PoolModel['provider'] =>
  written === 'ssh' || written === 'incus' || written === 'user-data' ? written : 'local';

function poolOf({ key, value }: Entry, root: Tree, problems: Problems): PoolModel {
  const written = textOf(get(value, 'provider'));
  const provider = providerOf(written);
  const count = numberOf(get(value, 'count'));
  const address = textOf(get(value, 'address'));
  if (provider === 'ssh') checkSsh(key, value, problems);
  else if (written === 'local' && address !== undefined) {
    problems.add('conflict', {
      what: `machines.${key}: address has no place beside provider: local`,
      why: 'local machines get their addresses from network.machines',
      fix: 'remove it, or use provider: ssh',
      at: get(value, 'address')?.at,
    });
  }
  const incus = provider === 'incus' ? incusPoolOf(key, value, { root, problems }) : undefined;
  const pool = present({
    name: key,
    provider,
    count,
    labels: pairsOf(get(value, 'labels')),
    size: present({
      cpus: numberOf(get(value, 'size', 'cpus')),
      memoryBytes: memoryOf(key, get(value, 'size', 'memory'), problems),
    }),
    reserve: reserveOf(key, value, problems),
    replaceAfterMs: parseDurationMs(textOf(get(value, 'replace_after')) ?? ''),
    address,
    incus,
    securityGroups: poolGroupsOf(value),
  });
  checkProviderKeys(pool, value, problems);
  return pool;
}

const memoryMin = 128 * 1024 ** 2;

function memoryOf(pool: string, tree: Tree | undefined, problems: Problems): number | undefined {
  const bytes = parseSizeBytes(textOf(tree) ?? '');
  if (bytes !== undefined && bytes < memoryMin) {
    problems.add('bad-value', {
      what: `machines.${pool}.size.memory: ${textOf(tree)} is too little for a machine`,
      why: 'systemd, podman and the agent need some themselves',
      fix: 'use 128M or more',
      at: tree?.at,
    });
  }
  return bytes;
}

const networkDefaults: Required<Omit<FleetNetworkModel, 'mesh'>> = {
  machines: '10.90.0.0/24',
  containers: '10.91.0.0/16',
  services: servicesDefault,
};

function networkOf(tree: Tree | undefined, problems: Problems): FleetNetworkModel {
  const read = (key: keyof typeof networkDefaults, bitsMax: number): string => {
    const written = get(tree, key);
    const text = textOf(written);
    // What does not even look like a network has been said to be none.
    if (text === undefined || !cidrPattern.test(text)) return networkDefaults[key];
    const cidr = parseCidr(text);
    if (cidr !== undefined && cidr.bits >= 8 && cidr.bits <= bitsMax) return showCidr(cidr);
    problems.add('bad-network', {
      what: `network.${key}: ${text} cannot be used`,
      why:
        cidr === undefined
          ? 'it is no IPv4 network, or its address has bits set behind the prefix'
          : `it has to be a /8 to a /${bitsMax}`,
      fix: `for example ${networkDefaults[key]}`,
      at: written?.at,
    });
    return networkDefaults[key];
  };
  const network = {
    machines: read('machines', 28),
    containers: read('containers', 23),
    services: read('services', 24),
  };
  for (const [one, other] of [
    ['machines', 'containers'],
    ['machines', 'services'],
    ['containers', 'services'],
  ] as const) {
    const [first, second] = [parseCidr(network[one]), parseCidr(network[other])];
    if (first === undefined || second === undefined || !overlaps(first, second)) continue;
    problems.add('network-overlap', {
      what: `network.${one} ${network[one]} and network.${other} ${network[other]} overlap`,
      why: 'an address must say whether it belongs to a machine, to a replica or to a service',
      fix: 'choose ranges that do not meet',
      at: (get(tree, other) ?? get(tree, one))?.at,
    });
  }
  return { ...network, ...(textOf(get(tree, 'mesh')) === 'wireguard' ? { mesh: 'wireguard' as const } : {}) };
}

/** Every machine needs an address of its own and a /24 for its replicas. */
function checkRoom(
  tree: Tree,
  pools: Readonly<Record<string, PoolModel>>,
  network: FleetNetworkModel,
  problems: Problems,
): void {
  const all = Object.values(pools).flatMap(machineNames).length;
  const local = Object.values(pools)
    .filter((pool) => pool.provider === 'local')
    .flatMap(machineNames).length;
  const at = get(tree, 'machines')?.at;
  // The network's and broadcast addresses, the gateway and the control plane's own are taken.
  const addresses = (parseCidr(network.machines)?.size ?? 0) - 4;
  const subnets = (parseCidr(network.containers)?.size ?? 0) / 256 - 1;
  const tell = (key: string, range: string, room: number, count: number): void => {
    if (count <= room) return;
    problems.add('network-too-small', {
      what: `network.${key} ${range} has room for ${room} machines, and there are ${count}`,
      fix: 'choose a larger range, or fewer machines',
      at,
    });
  };
  tell('machines', network.machines, addresses, local);
  tell('containers', network.containers, subnets, all);
}

function registryOf(tree: Tree, names: readonly string[], problems: Problems): string | undefined {
  const written = get(tree, 'registry', 'machine');
  const name = textOf(written);
  if (name === undefined) return undefined;
  if (names.includes(name)) return name;
  const near = suggest(name, names);
  problems.add('unknown-machine', {
    what: `registry.machine: there is no machine ${name}`,
    fix: near === undefined ? `name one of ${names.slice(0, 10).join(', ')}` : `did you mean ${near}?`,
    at: written?.at,
  });
  return name;
}
