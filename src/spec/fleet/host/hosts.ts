import { identities } from '#spec/compose/identity.ts';
import type { HostModel } from '#spec/host-model.ts';
import type { Origins } from '#spec/model.ts';
import type { Problems } from '#spec/problems.ts';
import { merge, settle } from '#spec/table/merge.ts';
import type { Tree } from '#spec/yaml/tree.ts';
import { entriesOf, get, isNull } from '#spec/yaml/tree.ts';
import { hostShape } from './keys.ts';
import { hostOf } from './read.ts';

export interface Hosts {
  /** Of every machine whose pool says nothing else. */
  readonly all?: HostModel;
  /** Of pools that have a `host` of their own, already merged over that of all. */
  readonly pools: Readonly<Record<string, HostModel>>;
  /** Where each part was written: `host.users.ana`, `machines.app.host.users.ana`. */
  readonly origins: Origins;
}

/** Reads `host` of a checked fleet file: that of all machines, and what the pools lay over it. */
export function hostsOf(tree: Tree, problems: Problems): Hosts {
  const all = sectionOf(tree, 'host');
  const found = { all: all && hostOf(settle(all), 'host', problems), origins: originsBelow(all, 'host') };
  const pools: Record<string, HostModel> = {};
  const origins: Origins[] = [found.origins];
  for (const { key, value } of entriesOf(get(tree, 'machines'))) {
    const own = sectionOf(value, 'host');
    if (own === undefined) continue;
    const path = `machines.${key}.host`;
    const whole = settle(all === undefined ? own : merge(all, own, hostShape, identities));
    pools[key] = hostOf(whole, path, problems);
    origins.push(originsBelow(whole, path));
  }
  return {
    ...(found.all ? { all: found.all } : {}),
    pools,
    origins: Object.assign({}, ...origins) as Origins,
  };
}

function sectionOf(tree: Tree, name: string): Tree | undefined {
  const section = get(tree, name);
  return section === undefined || isNull(section) || section.kind !== 'mapping' ? undefined : section;
}

/** Down to the entries of each key. What a pool takes over from all machines keeps its own place. */
function originsBelow(tree: Tree | undefined, path: string): Origins {
  return Object.fromEntries(
    entriesOf(tree).flatMap(({ key, at, value }) => [
      [`${path}.${key}`, at],
      ...entriesOf(value).map((entry) => [`${path}.${key}.${entry.key}`, entry.at]),
    ]),
  ) as Origins;
}
