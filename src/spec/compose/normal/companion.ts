import type { Tree } from '#spec/yaml/tree.ts';
import { entriesOf, get, itemsOf, textOf } from '#spec/yaml/tree.ts';
import type { ServiceScope } from './scope.ts';
import { at, complain } from './scope.ts';

/** The service whose network this one shares: `x` of `network_mode: service:x`. */
export const networkOwner = (scope: ServiceScope): string | undefined =>
  /^service:(.+)$/.exec(textOf(at(scope, 'network_mode')) ?? '')?.[1];

interface Foreign {
  readonly key: string;
  readonly tree: Tree | undefined;
  readonly why: string;
  readonly fix?: string;
}

/** What a service cannot say that shares the network of another: it belongs to that one. */
export function refuseForeign(scope: ServiceScope, owner: string): void {
  for (const { key, tree, why, fix } of foreign(scope)) {
    if (tree === undefined) continue;
    complain(scope, 'conflict', tree, {
      what: `${key} has no place beside network_mode: service:${owner}`,
      why,
      fix: fix ?? `write it at ${owner}, or remove it`,
    });
  }
}

function foreign(scope: ServiceScope): readonly Foreign[] {
  const shared = 'it is a matter of the network, which is that of the other service';
  const placed = 'each replica stands beside one of the other service, wherever that is placed';
  const placement = at(scope, 'deploy', 'placement');
  return [
    ...['ports', 'hostname', 'domainname', 'dns', 'dns_search', 'dns_opt', 'extra_hosts'].map((key) => ({
      key,
      tree: at(scope, key),
      why: shared,
    })),
    ...networkSysctls(scope).map(({ key, tree }) => ({ key: `sysctls.${key}`, tree, why: shared })),
    ...['inbound', 'outbound', 'ingress'].map((key) => ({
      key: `x-ballast.${key}`,
      tree: at(scope, 'x-ballast', key),
      why: shared,
    })),
    { key: 'deploy.endpoint_mode', tree: at(scope, 'deploy', 'endpoint_mode'), why: shared },
    { key: 'deploy.placement.preferences', tree: get(placement, 'preferences'), why: placed },
    {
      key: 'deploy.placement.max_replicas_per_node',
      tree: get(placement, 'max_replicas_per_node'),
      why: placed,
    },
    ...['update_config', 'rollback_config'].map((key) => ({
      key: `deploy.${key}.order: start-first`,
      tree: startFirst(at(scope, 'deploy', key, 'order')),
      why: 'two of its containers would share one network and fight for its ports',
      fix: 'remove it',
    })),
  ];
}

const startFirst = (tree: Tree | undefined): Tree | undefined =>
  textOf(tree) === 'start-first' ? tree : undefined;

function networkSysctls(scope: ServiceScope): readonly { readonly key: string; readonly tree: Tree }[] {
  const tree = at(scope, 'sysctls');
  const listed = itemsOf(tree).map((item) => ({ key: (textOf(item) ?? '').split('=')[0] ?? '', tree: item }));
  const mapped =
    tree?.kind === 'mapping' ? entriesOf(tree).map(({ key, value }) => ({ key, tree: value })) : [];
  return [...listed, ...mapped].filter(({ key }) => key.startsWith('net.'));
}
