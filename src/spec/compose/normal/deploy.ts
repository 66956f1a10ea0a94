import { present } from '#base/present.ts';
import type {
  ConstraintModel,
  DeployModel,
  MountModel,
  PortModel,
  ServiceModel,
  UpdateModel,
} from '#spec/model.ts';
import type { Tree } from '#spec/yaml/tree.ts';
import { get, itemsOf, numberOf, textOf } from '#spec/yaml/tree.ts';
import { fold, resourcesOf } from './limits.ts';
import type { ServiceScope } from './scope.ts';
import { at, complain } from './scope.ts';
import { integerOf, msOf, pairsOf } from './values.ts';

/** What decides whether two replicas can stand side by side. */
export interface Neighbours {
  readonly ports: readonly PortModel[];
  readonly mounts: readonly MountModel[];
  readonly networkMode: ServiceModel['networkMode'];
}

export function deployOf(scope: ServiceScope, neighbours: Neighbours): DeployModel {
  const tree = at(scope, 'deploy');
  const mode = textOf(get(tree, 'mode')) === 'global' ? 'global' : 'replicated';
  const count = fold(
    scope,
    { name: 'deploy.replicas', tree: get(tree, 'replicas'), value: integerOf(get(tree, 'replicas')) },
    { name: 'scale', tree: at(scope, 'scale'), value: integerOf(at(scope, 'scale')) },
  );
  if (mode === 'global' && count !== undefined) {
    complain(scope, 'conflict', get(tree, 'replicas') ?? at(scope, 'scale'), {
      what: 'mode: global has no number of replicas',
      why: 'it runs one on every machine that fits',
      fix: 'remove replicas, or use mode: replicated',
    });
  }
  const order = alone(neighbours) ? 'stop-first' : 'start-first';
  const update = updateOf(get(tree, 'update_config'), { order, onFailure: 'rollback' });
  const { limits, reservations } = resourcesOf(scope);
  const placement = get(tree, 'placement');
  return present({
    mode,
    replicas: count ?? 1,
    limits,
    reservations,
    update,
    rollback: updateOf(get(tree, 'rollback_config'), { order: update.order, onFailure: 'continue' }),
    constraints: [
      ...itemsOf(get(placement, 'constraints')).flatMap((item) => constraintOf(scope, item) ?? []),
      ...platformOf(scope),
    ],
    spread: itemsOf(get(placement, 'preferences')).flatMap(
      (item) => textOf(get(item, 'spread'))?.replace(/^node\.labels\./, '') ?? [],
    ),
    maxPerMachine: integerOf(get(placement, 'max_replicas_per_node')),
    endpointMode: textOf(get(tree, 'endpoint_mode')) === 'dnsrr' ? 'dnsrr' : 'vip',
    labels: pairsOf(get(tree, 'labels')),
  } as const);
}

/** Two replicas on one machine would fight for a port or for the same data. */
const alone = ({ ports, mounts, networkMode }: Neighbours): boolean =>
  networkMode === 'host' ||
  networkMode === 'service' ||
  ports.some((port) => port.mode === 'host') ||
  mounts.some((mount) => mount.kind === 'volume' || mount.kind === 'bind');

function updateOf(tree: Tree | undefined, defaults: Pick<UpdateModel, 'order' | 'onFailure'>): UpdateModel {
  const order = textOf(get(tree, 'order'));
  const action = textOf(get(tree, 'failure_action'));
  return {
    parallelism: integerOf(get(tree, 'parallelism')) ?? 1,
    delayMs: msOf(get(tree, 'delay')) ?? 0,
    order: order === 'start-first' || order === 'stop-first' ? order : defaults.order,
    onFailure:
      action === 'rollback' || action === 'pause' || action === 'continue' ? action : defaults.onFailure,
    monitorMs: msOf(get(tree, 'monitor')) ?? 5_000,
    maxFailureRatio: numberOf(get(tree, 'max_failure_ratio')) ?? 0,
  };
}

/** `platform: linux/arm64` is a constraint like any other. */
function platformOf(scope: ServiceScope): readonly ConstraintModel[] {
  const value = textOf(at(scope, 'platform'))?.split('/')[1];
  if (value === undefined) return [];
  return [{ key: 'node.platform.arch', equal: true, value: architectures[value] ?? value }];
}

function constraintOf(scope: ServiceScope, item: Tree): ConstraintModel | undefined {
  const text = textOf(item);
  if (text === undefined) return undefined;
  const match = /^\s*([\w.:/-]+?)\s*(==|!=)\s*(\S(?:.*\S)?)\s*$/.exec(text);
  const [, key, operator, value] = match ?? [];
  if (key === undefined || value === undefined) {
    complain(scope, 'bad-constraint', item, {
      what: `the constraint ${JSON.stringify(text)} is not of the form KEY == VALUE or KEY != VALUE`,
      fix: 'for example "node.labels.zone == a"',
    });
    return undefined;
  }
  if (!/^node\.(id|hostname|platform\.(arch|os)|labels\.[\w.:/-]+)$/.test(key)) {
    complain(scope, 'bad-constraint', item, {
      what: `the constraint asks for ${key}, which machines do not have`,
      why: 'machines have a hostname, labels of the fleet file, a platform and no role: every machine runs services',
      fix: 'use node.hostname, node.labels.NAME, node.platform.arch or node.platform.os',
    });
    return undefined;
  }
  const known = key === 'node.platform.arch' ? (architectures[value] ?? value) : value;
  return { key, equal: operator === '==', value: known };
}

/** Other names of what machines call amd64 and arm64. */
const architectures: Readonly<Record<string, string>> = { x86_64: 'amd64', aarch64: 'arm64' };
