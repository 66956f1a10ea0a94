import { suggest } from '#base/suggest.ts';
import type { ServiceModel } from '#spec/model.ts';
import type { Tree } from '#spec/yaml/tree.ts';
import { get } from '#spec/yaml/tree.ts';
import type { Scope } from './normal/scope.ts';
import type { WrittenService } from './normal/service.ts';

type Services = ReadonlyMap<string, WrittenService>;

/** Services that share the network of another have to find it, and to come in the same number. */
export function checkCompanions(scope: Scope, services: Services, all: readonly string[]): void {
  for (const [name, { model }] of services) {
    const owner = model.networkOf;
    if (owner === undefined) continue;
    const other = services.get(owner)?.model;
    if (other === undefined || owner === name) missing(scope, name, owner, all);
    else if (other.networkMode === 'host' || other.networkMode === 'service') unfit(scope, model, other);
    else if (other.deploy.mode.endsWith('-job')) unfit(scope, model, other);
    else if (other.networkMode === 'none' && model.probe !== undefined) unreachable(scope, model, other);
    else differing(scope, model, other);
  }
}

function missing(scope: Scope, name: string, owner: string, all: readonly string[]): void {
  const mode = `services.${name}: network_mode: service:${owner}`;
  const at = treeAt(scope, name, 'network_mode')?.at;
  if (owner === name) {
    scope.source.problems.add('conflict', {
      what: `${mode} names the service itself`,
      fix: 'remove it: every service has a network unless it says otherwise',
      at,
    });
  } else if (all.includes(owner)) {
    scope.source.problems.add('inactive-service', {
      what: `${mode} names a service that its profiles leave out`,
      fix: `ask for one of the profiles of ${owner}, or give ${name} the same`,
      at,
    });
  } else {
    const near = suggest(owner, all);
    scope.source.problems.add('unknown-service', {
      what: `${mode} names a service that there is not`,
      fix: near === undefined ? `add the service ${owner}` : `did you mean service:${near}?`,
      at,
    });
  }
}

/** The other service has no network to share, or it ends. */
function unfit(scope: Scope, { name }: ServiceModel, owner: ServiceModel): void {
  const why = {
    host: 'its network is that of the machine',
    service: `it shares the network of ${owner.networkOf} itself`,
    bridge: 'its containers end by themselves, and their network ends with them',
    none: 'its containers end by themselves, and their network ends with them',
  }[owner.networkMode];
  const fix = {
    host: 'write network_mode: host here too',
    service: `write network_mode: service:${owner.networkOf}`,
    bridge: 'give it a network of its own',
    none: 'give it a network of its own',
  }[owner.networkMode];
  scope.source.problems.add('conflict', {
    what: `services.${name}: ${owner.name} has no network that could be shared`,
    why,
    fix,
    at: treeAt(scope, name, 'network_mode')?.at,
  });
}

function unreachable(scope: Scope, { name }: ServiceModel, owner: ServiceModel): void {
  scope.source.problems.add('conflict', {
    what: `services.${name}: x-ballast.health cannot be asked: ${owner.name}, whose network it shares, has none`,
    fix: 'use healthcheck, which runs inside the container',
    at: treeAt(scope, name, 'x-ballast', 'health')?.at,
  });
}

/** As many replicas as the other service has, and in the same mode, whatever is left unsaid. */
function differing(scope: Scope, model: ServiceModel, owner: ServiceModel): void {
  const { name } = model;
  const tell = (key: string, tree: Tree | undefined): void =>
    scope.source.problems.add('conflict', {
      what: `services.${name}: ${key} differs from that of ${owner.name}, whose network it shares`,
      why: `one replica of ${name} stands beside each of ${owner.name}`,
      fix: `remove it here, and say at ${owner.name} how many there are to be`,
      at: tree?.at,
    });
  const mode = treeAt(scope, name, 'deploy', 'mode');
  if (mode !== undefined && model.deploy.mode !== owner.deploy.mode) tell('deploy.mode', mode);
  for (const keys of [['deploy', 'replicas'], ['scale']]) {
    const tree = treeAt(scope, name, ...keys);
    if (tree !== undefined && model.deploy.replicas !== owner.deploy.replicas) tell(keys.join('.'), tree);
  }
}

const treeAt = (scope: Scope, service: string, ...keys: readonly string[]): Tree | undefined =>
  get(scope.root, 'services', service, ...keys);

/** The service with the mode and the number of the one beside whose replicas its own stand. */
export function besideOwner(model: ServiceModel, owner: ServiceModel | undefined): ServiceModel {
  if (owner === undefined) return model;
  const { mode, replicas } = owner.deploy;
  return { ...model, deploy: { ...model.deploy, mode, replicas } };
}
