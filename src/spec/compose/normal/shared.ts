import { resolvePath } from '#base/path.ts';
import { present } from '#base/present.ts';
import type { ConfigModel, OnLoss, SecretModel, VolumeModel } from '#spec/model.ts';
import type { NetworkModel } from '#spec/network-model.ts';
import type { Entry, Tree } from '#spec/yaml/tree.ts';
import { booleanOf, entriesOf, get, textOf } from '#spec/yaml/tree.ts';
import type { Scope } from './scope.ts';
import { checkSubnets, subnetsOf } from './subnets.ts';
import { pairsOf, sortKeys } from './values.ts';

/** Entries of a top-level section, extensions left out. */
const section = (scope: Scope, key: string): readonly Entry[] =>
  entriesOf(get(scope.root, key)).filter((entry) => !entry.key.startsWith('x-'));

const collect = <T>(
  entries: readonly Entry[],
  make: (entry: Entry) => T | undefined,
): Readonly<Record<string, T>> => {
  const found: Record<string, T> = {};
  for (const entry of entries) {
    const made = make(entry);
    if (made !== undefined) found[entry.key] = made;
  }
  return sortKeys(found);
};

const isExternal = (tree: Tree): boolean => {
  const external = get(tree, 'external');
  return external?.kind === 'mapping' || (booleanOf(external) ?? false);
};

/** `name`, also in its old place below `external`; else the key, with the app before it unless it is shared. */
const nameOf = (scope: Scope, { key, value }: Entry): string =>
  textOf(get(value, 'name')) ??
  textOf(get(value, 'external', 'name')) ??
  (isExternal(value) ? key : `${scope.app}_${key}`);

/** What is there already is not described a second time. */
function onlyName(scope: Scope, kind: string, { key, value }: Entry): void {
  for (const entry of entriesOf(value)) {
    if (['external', 'name'].includes(entry.key) || entry.key.startsWith('x-')) continue;
    scope.source.problems.add('conflict', {
      what: `${kind}.${key}: ${entry.key} has no place beside external: true`,
      why: 'what is external is there already, as it is',
      fix: `remove ${entry.key}, or external`,
      at: entry.at,
    });
  }
}

/** Networks of the app; `default` is there when a service uses it. */
export function sharedNetworksOf(scope: Scope, usesDefault: boolean): Readonly<Record<string, NetworkModel>> {
  const named = collect(section(scope, 'networks'), (entry) => {
    const { value } = entry;
    const external = isExternal(value);
    if (external) onlyName(scope, 'networks', entry);
    for (const [key, wanted] of [
      ['enable_ipv4', true],
      ['enable_ipv6', false],
    ] as const) {
      if ((booleanOf(get(value, key)) ?? wanted) === wanted) continue;
      scope.source.problems.add('refused-value', {
        what: `networks.${entry.key}: ${key}: ${!wanted} is refused`,
        why: 'the container network of a fleet is IPv4',
        fix: 'remove it',
        at: get(value, key)?.at,
      });
    }
    return present({
      name: nameOf(scope, entry),
      internal: booleanOf(get(value, 'internal')) ?? false,
      external,
      labels: pairsOf(get(value, 'labels')),
      subnets: subnetsOf(scope, entry),
    });
  });
  checkSubnets(scope);
  if (!usesDefault || named['default'] !== undefined) return named;
  const own = { name: `${scope.app}_default`, internal: false, external: false, labels: {} };
  return sortKeys({ ...named, default: own });
}

export const sharedVolumesOf = (scope: Scope): Readonly<Record<string, VolumeModel>> =>
  collect(section(scope, 'volumes'), (entry) => {
    const external = isExternal(entry.value);
    if (external) onlyName(scope, 'volumes', entry);
    return present({
      name: nameOf(scope, entry),
      external,
      driver: textOf(get(entry.value, 'driver')) ?? 'local',
      driverOpts: pairsOf(get(entry.value, 'driver_opts')),
      labels: pairsOf(get(entry.value, 'labels')),
      onLoss: onLossOf(get(entry.value, 'x-ballast', 'on_loss')),
    });
  });

const words: readonly string[] = ['wait', 'recreate', 'restore'] satisfies OnLoss[];

/** `on_loss` of a volume or a service; undefined when it says nothing. */
export const onLossOf = (tree: Tree | undefined): OnLoss | undefined => {
  const text = textOf(tree) ?? '';
  return words.includes(text) ? (text as OnLoss) : undefined;
};

type Origin = 'file' | 'environment' | 'content';

/** The one place the value comes from; tells when there is none or more than one. */
function originOf(scope: Scope, kind: string, entry: Entry, origins: readonly Origin[]): Origin | undefined {
  const given = origins.filter((name) => get(entry.value, name) !== undefined);
  const [first] = given;
  if (given.length === 1) return first;
  scope.source.problems.add(given.length === 0 ? 'no-source' : 'conflict', {
    what:
      given.length === 0
        ? `${kind}.${entry.key} does not say where its value comes from`
        : `${kind}.${entry.key} has ${given.join(' and ')}, of which only one can count`,
    fix:
      given.length > 0
        ? 'keep one of them'
        : `add ${kind === 'secrets' ? `external: true (ballast secret set ${entry.key}), file or environment` : 'content, file or environment'}`,
    at: entry.at,
  });
  return undefined;
}

export const sharedSecretsOf = (scope: Scope): Readonly<Record<string, SecretModel>> =>
  collect(section(scope, 'secrets'), (entry): SecretModel | undefined => {
    const name = nameOf(scope, entry);
    if (isExternal(entry.value)) {
      onlyName(scope, 'secrets', entry);
      return { name, from: { kind: 'external' } };
    }
    const origin = originOf(scope, 'secrets', entry, ['file', 'environment']);
    const tree = origin && get(entry.value, origin);
    const text = textOf(tree);
    if (tree === undefined || text === undefined) return undefined;
    if (origin === 'environment') {
      variable(scope, `secrets.${entry.key}`, tree, text);
      return { name, from: { kind: 'environment', variable: text } };
    }
    const path = resolvePath(tree.dir, text);
    const { exists, problems } = scope.source;
    if (exists !== undefined && !exists(path)) {
      problems.add('missing-secret-file', {
        what: `secrets.${entry.key}: the file ${path} does not exist`,
        fix: `create it, or keep the secret in the fleet: external: true and ballast secret set ${entry.key}`,
        at: tree.at,
      });
    }
    return { name, from: { kind: 'file', path } };
  });

export const sharedConfigsOf = (scope: Scope): Readonly<Record<string, ConfigModel>> =>
  collect(section(scope, 'configs'), (entry): ConfigModel | undefined => {
    if (get(entry.value, 'external') !== undefined) return undefined;
    const name = nameOf(scope, entry);
    const origin = originOf(scope, 'configs', entry, ['content', 'file', 'environment']);
    const tree = origin && get(entry.value, origin);
    const text = textOf(tree);
    if (tree === undefined || text === undefined) return undefined;
    if (origin === 'content') return { name, content: text };
    if (origin === 'environment') {
      const value = variable(scope, `configs.${entry.key}`, tree, text);
      return value === undefined ? undefined : { name, content: value };
    }
    const path = resolvePath(tree.dir, text);
    const content = scope.source.read(path);
    if (content !== undefined) return { name, content };
    scope.source.problems.add('missing-config-file', {
      what: `configs.${entry.key}: the file ${path} cannot be read`,
      fix: 'create it, or correct the path',
      at: tree.at,
    });
    return undefined;
  });

function variable(scope: Scope, what: string, tree: Tree, name: string): string | undefined {
  const value = scope.lookup(name);
  if (value === undefined) {
    scope.source.problems.add('missing-variable', {
      what: `${what}: the variable ${name} is not set`,
      fix: `set ${name} in the environment or in .env`,
      at: tree.at,
    });
  }
  return value;
}
