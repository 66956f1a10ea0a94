import { identities } from '#spec/compose/identity.ts';
import type { HostModel } from '#spec/host-model.ts';
import type { Origins } from '#spec/model.ts';
import { merge, settle } from '#spec/table/merge.ts';
import type { Tree } from '#spec/yaml/tree.ts';
import { entriesOf, get, isNull, itemsOf, textOf } from '#spec/yaml/tree.ts';
import { hostShape } from './keys.ts';
import { hostOf } from './read.ts';
import type { Reading } from './reading.ts';

export interface Hosts {
  /** Of every machine whose pool says nothing else. */
  readonly all?: HostModel;
  /** Of pools that have a `host` of their own, already merged over that of all. */
  readonly pools: Readonly<Record<string, HostModel>>;
  /** Where each part was written: `host.users.ana`, `machines.app.host.users.ana`. */
  readonly origins: Origins;
}

/** Reads `host` of a checked fleet file: that of all machines, and what the pools lay over it. */
export function hostsOf(tree: Tree, given: Pick<Reading, 'problems' | 'read'>): Hosts {
  const accounts = itemsOf(get(tree, 'access')).flatMap((rule) => textOf(get(rule, 'as')) ?? []);
  const means = { ...given, accounts };
  const all = sectionOf(tree, 'host');
  const labels = labelsOf(tree);
  const found = {
    all: all && hostOf(settle(all), { ...means, path: 'host', labels: labels.common }),
    origins: originsBelow(all, 'host'),
  };
  const pools: Record<string, HostModel> = {};
  const origins: Origins[] = [found.origins];
  for (const { key, value } of entriesOf(get(tree, 'machines'))) {
    const own = sectionOf(value, 'host');
    if (own === undefined) continue;
    const path = `machines.${key}.host`;
    const whole = settle(all === undefined ? own : merge(all, own, hostShape, identities));
    pools[key] = hostOf(whole, { ...means, path, labels: { [key]: labels.all[key] ?? [] } });
    origins.push(originsBelow(whole, path));
  }
  return {
    ...(found.all ? { all: found.all } : {}),
    pools,
    origins: Object.assign({}, ...origins) as Origins,
  };
}

/** Labels of every pool, and of those that have nothing but the baseline of all. */
function labelsOf(tree: Tree): Record<'all' | 'common', Readonly<Record<string, readonly string[]>>> {
  const pools = entriesOf(get(tree, 'machines')).map(({ key, value }) => ({
    key,
    labels: entriesOf(get(value, 'labels')).map((entry) => entry.key),
    own: sectionOf(value, 'host') !== undefined,
  }));
  const named = (some: typeof pools) => Object.fromEntries(some.map(({ key, labels }) => [key, labels]));
  return { all: named(pools), common: named(pools.filter(({ own }) => !own)) };
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
