import { fitsGlob } from '#base/glob.ts';
import { present } from '#base/present.ts';
import { suggest } from '#base/suggest.ts';
import { sortKeys } from '#spec/compose/normal/values.ts';
import type { Problems } from '#spec/problems.ts';
import {
  allMachines,
  type SecurityGroupModel,
  type SecurityPeer,
  type SecurityRuleModel,
} from '#spec/security-model.ts';
import { looksLikeNetwork, networkOf } from '#spec/traffic/networks.ts';
import { portRangeOf } from '#spec/traffic/ports.ts';
import type { Entry, Tree } from '#spec/yaml/tree.ts';
import { entriesOf, get, itemsOf, textOf, textsOf } from '#spec/yaml/tree.ts';

interface Known {
  readonly groups: readonly string[];
  /** Names of all machines of the file. */
  readonly machines: readonly string[];
  readonly problems: Problems;
}

/** The security groups of a checked fleet file; undefined when it has none. */
export function securityGroupsOf(
  tree: Tree,
  machines: readonly string[],
  problems: Problems,
): Readonly<Record<string, SecurityGroupModel>> | undefined {
  const entries = entriesOf(get(tree, 'security_groups')).filter(({ key }) => !key.startsWith('x-'));
  const known = { groups: entries.map(({ key }) => key), machines, problems };
  checkPools(tree, known);
  const found = Object.fromEntries(entries.map((entry) => [entry.key, groupOf(entry, known)]));
  return entries.length === 0 ? undefined : sortKeys(found);
}

/** Groups a pool says its machines belong to. */
export function poolGroupsOf(pool: Tree): readonly string[] | undefined {
  const names = textsOf(get(pool, 'security_groups'));
  return names.length === 0 ? undefined : [...new Set(names)].sort();
}

function checkPools(tree: Tree, known: Known): void {
  for (const { key, value } of entriesOf(get(tree, 'machines'))) {
    for (const item of itemsOf(get(value, 'security_groups'))) {
      const name = textOf(item);
      if (name === undefined || name === allMachines || known.groups.includes(name)) continue;
      unknownGroup(`machines.${key}.security_groups`, item, known);
    }
  }
}

function groupOf({ key, value, at }: Entry, known: Known): SecurityGroupModel {
  const { problems } = known;
  const path = `security_groups.${key}`;
  if (key === 'any') {
    problems.add('bad-name', {
      what: `${path}: any stands for everybody and cannot be the name of a group`,
      fix: 'choose another name',
      at,
    });
  }
  const machines = get(value, 'machines');
  if (key === allMachines && machines !== undefined) {
    problems.add('conflict', {
      what: `${path}.machines has no meaning`,
      why: 'the group `machines` holds all machines',
      fix: 'remove it, or give the group another name',
      at: machines.at,
    });
  }
  for (const item of itemsOf(machines)) checkPattern(path, item, known);
  const outbound = get(value, 'outbound');
  return present({
    name: key,
    cidrs: itemsOf(get(value, 'cidrs')).flatMap((item) => networkOf(`${path}.cidrs`, item, problems) ?? []),
    machines: textsOf(machines),
    inbound: rulesOf(get(value, 'inbound'), `${path}.inbound`, 'from', known),
    outbound: outbound && rulesOf(outbound, `${path}.outbound`, 'to', known),
  });
}

function checkPattern(path: string, item: Tree, { machines, problems }: Known): void {
  const pattern = textOf(item);
  if (pattern === undefined || machines.some((name) => fitsGlob(name, pattern))) return;
  const near = suggest(pattern, machines);
  problems.add('unknown-machine', {
    what: `${path}.machines: no machine is called ${pattern}`,
    why: 'the file has ' + shortly(machines),
    fix: near === undefined ? 'name machines of the file; * stands for anything' : `did you mean ${near}?`,
    at: item.at,
  });
}

const shortly = (names: readonly string[]): string =>
  names.length <= 8 ? names.join(', ') : `${names.slice(0, 8).join(', ')} and ${names.length - 8} more`;

function rulesOf(
  tree: Tree | undefined,
  path: string,
  peersKey: 'from' | 'to',
  known: Known,
): readonly SecurityRuleModel[] {
  return itemsOf(tree).map((rule, index) => ({
    peers: itemsOf(get(rule, peersKey)).flatMap(
      (item) => peerOf(`${path}.${index}.${peersKey}`, item, known) ?? [],
    ),
    ports: itemsOf(get(rule, 'ports')).flatMap(
      (item) => portRangeOf(`${path}.${index}.ports`, item, known.problems) ?? [],
    ),
  }));
}

function peerOf(path: string, item: Tree, known: Known): SecurityPeer | undefined {
  const text = textOf(item);
  if (text === undefined) return undefined;
  if (text === 'any') return { kind: 'any' };
  if (text === allMachines || known.groups.includes(text)) return { kind: 'group', group: text };
  if (looksLikeNetwork(text)) {
    const cidr = networkOf(path, item, known.problems);
    return cidr === undefined ? undefined : { kind: 'cidr', cidr };
  }
  unknownGroup(path, item, known);
  return undefined;
}

function unknownGroup(path: string, item: Tree, { groups, problems }: Known): void {
  const name = textOf(item) ?? '';
  const all = [...groups, allMachines, 'any'];
  const near = suggest(name, all);
  problems.add('undefined-group', {
    what: `${path}: there is no security group ${name}`,
    fix: near === undefined ? `known are ${all.join(', ')}; or write an address` : `did you mean ${near}?`,
    at: item.at,
  });
}
