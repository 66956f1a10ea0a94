import { present } from '#base/present.ts';
import type { DependencyModel, ResourcesModel, ServiceModel } from '#spec/model.ts';
import type { Tree } from '#spec/yaml/tree.ts';
import { booleanOf, entriesOf, get, textOf, textsOf } from '#spec/yaml/tree.ts';
import { buildOf } from './build.ts';
import { networkOwner, refuseForeign } from './companion.ts';
import { refuseConflicts } from './conflicts.ts';
import { deployOf } from './deploy.ts';
import { environmentOf, labelsOf } from './environment.ts';
import type { WrittenGrant } from './grants.ts';
import { grantsOf } from './grants.ts';
import { imageProblem } from './image.ts';
import type { WrittenIngress } from './ingress.ts';
import { ingressOf } from './ingress.ts';
import { blockIoOf, memorySwapOf } from './limits.ts';
import type { WrittenMount } from './mounts.ts';
import { mountsOf } from './mounts.ts';
import { dnsOf, extraHostsOf, hostnameOf, networkModeOf, networksOf } from './network.ts';
import type { WrittenPort } from './ports.ts';
import { exposeOf, portsOf } from './ports.ts';
import {
  capabilitiesOf,
  commandOf,
  healthcheckOf,
  loggingOf,
  probeOf,
  restartOf,
  ulimitsOf,
} from './process.ts';
import type { ServiceScope } from './scope.ts';
import { at, complain } from './scope.ts';
import { devicesOf, namespaceOf, securityOptOf } from './security.ts';
import { onLossOf } from './shared.ts';
import { trafficOf } from './traffic.ts';
import { bytesOf, integerOf, msOf, pairsOf } from './values.ts';

/** A service of the model, and where its ports and ways in were written, for checks across services. */
export interface WrittenService {
  readonly model: ServiceModel;
  readonly ports: readonly WrittenPort[];
  readonly ingress: readonly WrittenIngress[];
}

/** `awaited`: others wait for this service to complete. */
export function serviceOf(scope: ServiceScope, awaited: boolean): WrittenService {
  const ports = portsOf(scope);
  const mounts = mountsOf(scope);
  const secrets = grantsOf(scope, 'secrets');
  const configs = grantsOf(scope, 'configs');
  sameTarget(scope, mounts, [...secrets, ...configs]);
  const networkMode = networkModeOf(scope);
  const owner = networkOwner(scope);
  if (owner !== undefined) refuseForeign(scope, owner);
  else if (networkMode !== 'bridge' && ports.length > 0) {
    complain(scope, 'conflict', at(scope, 'ports'), {
      what: `ports have no place beside network_mode: ${networkMode}`,
      why: networkMode === 'host' ? 'the process opens ports of the machine itself' : 'there is no network',
      fix: 'remove one of them',
    });
  }
  const ingress = ingressOf(scope, networkMode);
  const deploy = deployOf(scope, {
    ports: ports.map(({ port }) => port),
    mounts: mounts.map(({ mount }) => mount),
    networkMode,
  });
  const model: ServiceModel = present({
    name: scope.name,
    ...imageOf(scope),
    build: buildOf(scope),
    ...processOf(scope, awaited),
    ...confinementOf(scope),
    ...sharesOf(scope, deploy.limits),
    mounts: mounts.map(({ mount }) => mount),
    secrets: secrets.map(({ grant }) => grant),
    configs: configs.map(({ grant }) => grant),
    ports: ports.map(({ port }) => port),
    ...reachOf(scope, networkMode),
    labels: labelsOf(scope),
    annotations: pairsOf(at(scope, 'annotations')),
    dependsOn: withOwner(dependenciesOf(scope), owner === scope.name ? undefined : owner),
    deploy,
    onLoss: onLossOf(at(scope, 'x-ballast', 'on_loss')),
    ...trafficOf(scope, networkMode),
    ingress: ingress.length === 0 ? undefined : ingress.map(({ entry }) => entry),
  });
  refuseConflicts(scope, model);
  return { model, ports, ingress };
}

const told =
  (scope: ServiceScope) =>
  (tree: Tree, what: string): void =>
    complain(scope, 'bad-value', tree, { what });

/** What runs, and how it is watched and stopped. */
const processOf = (scope: ServiceScope, awaited: boolean) => ({
  command: commandOf(scope, 'command'),
  entrypoint: commandOf(scope, 'entrypoint'),
  environment: environmentOf(scope),
  user: textOf(at(scope, 'user')),
  groupAdd: textsOf(at(scope, 'group_add')),
  workingDir: textOf(at(scope, 'working_dir')),
  init: flagOf(scope, 'init'),
  tty: flagOf(scope, 'tty'),
  stdinOpen: flagOf(scope, 'stdin_open'),
  healthcheck: healthcheckOf(scope),
  probe: probeOf(scope),
  restart: restartOf(scope, awaited),
  stopSignal: textOf(at(scope, 'stop_signal')),
  stopGraceMs: msOf(at(scope, 'stop_grace_period')) ?? 10_000,
  logging: loggingOf(scope),
  platform: textOf(at(scope, 'platform')),
  pullPolicy: pullPolicyOf(textOf(at(scope, 'pull_policy'))),
});

/** The walls between the container and the machine. */
const confinementOf = (scope: ServiceScope) => ({
  readOnly: flagOf(scope, 'read_only'),
  privileged: flagOf(scope, 'privileged'),
  capAdd: capabilitiesOf(scope, 'cap_add'),
  capDrop: capabilitiesOf(scope, 'cap_drop'),
  securityOpt: securityOptOf(scope),
  sysctls: pairsOf(at(scope, 'sysctls')),
  devices: devicesOf(scope),
  deviceCgroupRules: at(scope, 'device_cgroup_rules') && textsOf(at(scope, 'device_cgroup_rules')),
  userns: usernsOf(textOf(at(scope, 'userns_mode'))),
  ipc: namespaceOf(scope, 'ipc'),
  pid: namespaceOf(scope, 'pid'),
  uts: namespaceOf(scope, 'uts'),
  cgroup: namespaceOf(scope, 'cgroup'),
});

/** Its share of the machine, beside what `deploy` says. */
const sharesOf = (scope: ServiceScope, limits: ResourcesModel) => ({
  ulimits: ulimitsOf(at(scope, 'ulimits'), told(scope)),
  shmSizeBytes: bytesOf(at(scope, 'shm_size')),
  pidsLimit: limits.pids,
  memorySwapBytes: memorySwapOf(scope, limits.memoryBytes),
  cpuShares: integerOf(at(scope, 'cpu_shares')),
  cpuset: textOf(at(scope, 'cpuset')),
  blockIo: blockIoOf(scope),
  oomScoreAdj: integerOf(at(scope, 'oom_score_adj')),
});

/** How it is reached and what it reaches, beside published ports. */
const reachOf = (scope: ServiceScope, networkMode: ServiceModel['networkMode']) => ({
  hostname: hostnameOf(scope),
  expose: exposeOf(scope),
  networkMode,
  networkOf: networkOwner(scope),
  networks: networksOf(scope, networkMode),
  dns: dnsOf(scope),
  dnsSearch: textsOf(at(scope, 'dns_search')),
  dnsOpt: textsOf(at(scope, 'dns_opt')),
  extraHosts: extraHostsOf(at(scope, 'extra_hosts'), told(scope)),
});

const flagOf = (scope: ServiceScope, key: string): boolean => booleanOf(at(scope, key)) ?? false;

const usernsOf = (text: string | undefined): ServiceModel['userns'] => (text === 'host' ? text : undefined);

const pullPolicyOf = (text: string | undefined): ServiceModel['pullPolicy'] =>
  text === 'always' || text === 'build' ? text : undefined;

function imageOf(scope: ServiceScope): { image?: string } {
  const tree = at(scope, 'image');
  const image = textOf(tree);
  if (image === undefined) {
    if (at(scope, 'build') !== undefined || tree !== undefined) return {};
    complain(scope, 'no-image', undefined, {
      what: 'it has neither image nor build',
      fix: 'add image: NAME:TAG, or build: DIRECTORY with a Containerfile',
    });
    return {};
  }
  const [what, fix] = imageProblem(image) ?? [];
  if (what !== undefined) complain(scope, 'bad-image', tree, { what, fix });
  return { image };
}

function sameTarget(
  scope: ServiceScope,
  mounts: readonly WrittenMount[],
  grants: readonly WrittenGrant[],
): void {
  const seen = new Map<string, Tree>();
  const all = [
    ...mounts.map(({ mount, tree }) => ({ target: mount.target, tree })),
    ...grants.map(({ grant, tree }) => ({ target: grant.target, tree })),
  ];
  for (const { target, tree } of all) {
    const before = seen.get(target);
    if (before === undefined) seen.set(target, tree);
    else {
      complain(scope, 'duplicate-mount', tree, {
        what: `two things are mounted at ${target}; the other is on line ${before.at.line}`,
        fix: 'give one of them another target',
      });
    }
  }
}

const conditions = {
  service_started: 'started',
  service_healthy: 'healthy',
  service_completed_successfully: 'completed',
} as const;

function dependenciesOf(scope: ServiceScope): readonly DependencyModel[] {
  return entriesOf(at(scope, 'depends_on'))
    .filter(({ key }) => !key.startsWith('x-'))
    .map(({ key, value }) => {
      const condition = textOf(get(value, 'condition')) ?? 'service_started';
      return {
        service: key,
        condition: Object.hasOwn(conditions, condition)
          ? conditions[condition as keyof typeof conditions]
          : 'started',
        restart: booleanOf(get(value, 'restart')) ?? false,
        required: booleanOf(get(value, 'required')) ?? true,
      } as const;
    })
    .sort((a, b) => (a.service < b.service ? -1 : 1));
}

/** A service that shares the network of another comes after it, and anew whenever that one does. */
function withOwner(
  dependencies: readonly DependencyModel[],
  owner: string | undefined,
): readonly DependencyModel[] {
  if (owner === undefined) return dependencies;
  const written = dependencies.find(({ service }) => service === owner);
  const others = dependencies.filter(({ service }) => service !== owner);
  const own = { service: owner, condition: 'started', restart: true, required: true } as const;
  return [...others, { ...own, ...written, restart: true }].sort((a, b) => (a.service < b.service ? -1 : 1));
}
