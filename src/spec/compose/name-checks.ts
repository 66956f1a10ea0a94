import type { ServiceModel } from '#spec/model.ts';
import type { Tree } from '#spec/yaml/tree.ts';
import { get, itemsOf, textOf } from '#spec/yaml/tree.ts';
import type { Scope } from './normal/scope.ts';

type Models = ReadonlyMap<string, ServiceModel>;

interface Alias {
  readonly service: string;
  readonly name: string;
  /** Keys of the networks on which the service is known by it. */
  readonly networks: readonly string[];
}

/**
 * Names are answered to a whole app, whoever asks, while connections are let through by network. So a name may lead
 * to several services only where whoever reaches one reaches all of them.
 */
export function checkNames(scope: Scope, models: Models): void {
  const aliases = [...models.values()].flatMap(aliasesOf);
  for (const [index, alias] of aliases.entries()) {
    const place = `services.${alias.service}: the alias ${alias.name}`;
    const at = placeOf(scope, alias);
    const namesake = [...models.keys()].find((name) => same(name, alias.name) && name !== alias.service);
    if (namesake !== undefined) {
      scope.source.problems.add('conflict', {
        what: `${place} is the name of another service`,
        why: 'the name of a service leads to that service alone',
        fix: 'choose another alias',
        at,
      });
    }
    const other = aliases
      .slice(0, index)
      .find((one) => same(one.name, alias.name) && one.networks.join(' ') !== alias.networks.join(' '));
    if (other === undefined) continue;
    scope.source.problems.add('conflict', {
      what: `${place} is one of services.${other.service} on another network`,
      why: 'names are known in the whole app, so that it would lead to both, whoever asks',
      fix: 'choose another alias, or give both services theirs on the same networks',
      at,
    });
  }
}

function aliasesOf({ name: service, networks }: ServiceModel): readonly Alias[] {
  const names = new Set(Object.values(networks).flatMap((network) => network.aliases));
  return [...names].map((name) => ({
    service,
    name,
    networks: Object.keys(networks).filter((key) => networks[key]?.aliases.includes(name)),
  }));
}

/** Names of hosts know no difference between small letters and large ones. */
const same = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase();

function placeOf(scope: Scope, { service, name, networks }: Alias): Tree['at'] | undefined {
  const list = get(scope.root, 'services', service, 'networks', networks[0] ?? '', 'aliases');
  return (itemsOf(list).find((item) => textOf(item) === name) ?? list)?.at;
}

/** Addresses of their own that two services cannot both have. */
export function checkAddresses(scope: Scope, models: Models): void {
  const taken = new Map<string, { readonly service: string; readonly line: number }>();
  for (const [service, { networks }] of models) {
    for (const [key, { address }] of Object.entries(networks)) {
      if (address === undefined) continue;
      const tree = get(scope.root, 'services', service, 'networks', key, 'ipv4_address');
      const other = taken.get(address);
      taken.set(address, { service, line: tree?.at.line ?? 0 });
      if (other === undefined) continue;
      const where = other.service === service ? 'the same service' : `services.${other.service}`;
      scope.source.problems.add('conflict', {
        what: `services.${service}: ${address} is given twice; ${where} has it on line ${other.line}`,
        why: 'an address leads to one service',
        fix: 'choose another address',
        at: tree?.at,
      });
    }
  }
}
