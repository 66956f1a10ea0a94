import { suggest } from '#base/suggest.ts';
import { appPattern, namePattern } from '#spec/compose/keys/name.ts';
import { groupPattern } from '#spec/fleet/security/keys.ts';
import type { ServiceModel } from '#spec/model.ts';
import { looksLikeNetwork, networkOf } from '#spec/traffic/networks.ts';
import { portRangeOf } from '#spec/traffic/ports.ts';
import type { TrafficPeer, TrafficRuleModel } from '#spec/traffic-model.ts';
import type { Tree } from '#spec/yaml/tree.ts';
import { entriesOf, get, itemsOf, textOf } from '#spec/yaml/tree.ts';
import type { ServiceScope } from './scope.ts';
import { at, complain, warn } from './scope.ts';

type Side = 'inbound' | 'outbound';

/** What `x-ballast.inbound` and `x-ballast.outbound` of a service ask for. */
export function trafficOf(scope: ServiceScope, networkMode: ServiceModel['networkMode']) {
  return {
    inbound: rulesOf(scope, 'inbound', networkMode),
    outbound: rulesOf(scope, 'outbound', networkMode),
  };
}

/** Why a service without a network of its own has no rules. */
const noRules = {
  host: {
    why: 'what it opens are ports of the machine itself, and rules are kept at a container’s own address',
    fix: 'remove one of them; who may reach ports of machines is said by security_groups in the fleet file',
  },
  none: { why: 'there is no network, hence nobody to let in or out', fix: 'remove one of them' },
} as const;

/** Absent key: undefined, which is another thing than an empty list. */
function rulesOf(
  scope: ServiceScope,
  side: Side,
  networkMode: ServiceModel['networkMode'],
): readonly TrafficRuleModel[] | undefined {
  const tree = at(scope, 'x-ballast', side);
  if (tree?.kind !== 'list') return undefined;
  // With the network of another service: refused with all else that is a matter of the network.
  if (networkMode === 'service') return undefined;
  if (networkMode !== 'bridge') {
    complain(scope, 'conflict', tree, {
      what: `x-ballast.${side} has no place beside network_mode: ${textOf(at(scope, 'network_mode'))}`,
      ...noRules[networkMode],
    });
    return undefined;
  }
  const key = side === 'inbound' ? 'from' : 'to';
  return itemsOf(tree).map((rule, index) => {
    const path = `x-ballast.${side}.${index}`;
    const told = `services.${scope.name}.${path}.ports`;
    return {
      peers: itemsOf(get(rule, key)).flatMap((item) => peerOf(scope, `${path}.${key}`, item) ?? []),
      ports: itemsOf(get(rule, 'ports')).flatMap(
        (item) => portRangeOf(told, item, scope.source.problems) ?? [],
      ),
    };
  });
}

/** Words that stand for more than one service or group. */
const words: readonly string[] = ['any', 'ingress', 'machines'];

/** A name of the file is a service; any other is a security group, which only the fleet knows. */
function peerOf(scope: ServiceScope, path: string, item: Tree): TrafficPeer | undefined {
  const text = textOf(item);
  if (text === undefined) return undefined;
  const services = servicesOf(scope);
  if (text === 'any' || text === 'ingress' || text === 'machines') {
    if (services.includes(text)) sameAsWord(scope, path, item);
    return { kind: text };
  }
  if (services.includes(text)) return { kind: 'service', service: text };
  const [, app, service] = /^([^/]+)\/([^/]+)$/.exec(text) ?? [];
  if (app !== undefined && service !== undefined && appPattern.test(app) && namePattern.test(service)) {
    // A network has digits on both sides, too: 10.0.0.0/8.
    if (!looksLikeNetwork(text)) return inApp(scope, path, item, { app, service });
  }
  if (looksLikeNetwork(text)) {
    const cidr = networkOf(`services.${scope.name}.${path}`, item, scope.source.problems);
    return cidr === undefined ? undefined : { kind: 'cidr', cidr };
  }
  if (groupPattern.test(text)) return { kind: 'group', group: text };
  // Whether it could be a peer at all was judged by the table of keys.
  if (/^\S+$/.test(text)) unknownPeer(scope, path, item, [...services, ...words]);
  return undefined;
}

/** All services of the file, those that profiles leave out too. */
const servicesOf = (scope: ServiceScope): readonly string[] =>
  entriesOf(get(scope.root, 'services'))
    .map(({ key }) => key)
    .filter((key) => !key.startsWith('x-'));

function inApp(
  scope: ServiceScope,
  path: string,
  item: Tree,
  { app, service }: { readonly app: string; readonly service: string },
): TrafficPeer | undefined {
  if (app !== scope.app) return { kind: 'service', app, service };
  const services = servicesOf(scope);
  if (services.includes(service)) return { kind: 'service', service };
  unknownPeer(scope, path, item, services);
  return undefined;
}

function unknownPeer(scope: ServiceScope, path: string, item: Tree, known: readonly string[]): void {
  const text = textOf(item) ?? '';
  const near = suggest(text.slice(text.indexOf('/') + 1), known);
  complain(scope, 'unknown-service', item, {
    what: `${path}: there is no service ${text}, and it is no name of a security group, app or network`,
    fix:
      near === undefined
        ? 'name a service, APP/SERVICE, a security group, a network, ingress, machines or any'
        : `did you mean ${near}?`,
  });
}

function sameAsWord(scope: ServiceScope, path: string, item: Tree): void {
  const text = textOf(item) ?? '';
  warn(scope, 'conflict', item, {
    what: `${path}: ${text} is not the service of that name here`,
    why: {
      any: 'any stands for everybody',
      ingress: 'ingress stands for the machines that take requests from the world',
      machines: 'machines stands for all machines of the fleet',
    }[text],
    fix: `write ${scope.app}/${text} for the service`,
  });
}
