import { parseAddress } from '#base/cidr.ts';
import { present } from '#base/present.ts';
import { suggest } from '#base/suggest.ts';
import type { ServiceModel } from '#spec/model.ts';
import type { AttachmentModel } from '#spec/network-model.ts';
import type { Tree } from '#spec/yaml/tree.ts';
import { entriesOf, get, itemsOf, textOf, textsOf } from '#spec/yaml/tree.ts';
import { networkOwner } from './companion.ts';
import type { ServiceScope } from './scope.ts';
import { at, complain } from './scope.ts';
import { whyNotOn } from './subnets.ts';
import { sortKeys } from './values.ts';

type NetworkMode = ServiceModel['networkMode'];

export function networkModeOf(scope: ServiceScope): NetworkMode {
  const tree = at(scope, 'network_mode');
  const mode = textOf(tree);
  if (mode?.startsWith('container:')) {
    complain(scope, 'refused-value', tree, {
      what: `network_mode: ${mode} is refused`,
      why: 'a container of that name may be on any machine, and has another name after every update',
      fix: 'name the service: network_mode: service:NAME',
    });
  }
  if (mode !== undefined && mode !== 'bridge' && entriesOf(at(scope, 'networks')).length > 0) {
    complain(scope, 'conflict', tree, {
      what: `network_mode: ${mode} and networks exclude each other`,
      fix: 'remove one of them',
    });
  }
  if (networkOwner(scope) !== undefined) return 'service';
  return mode === 'host' || mode === 'none' ? mode : 'bridge';
}

/** Networks by key, with aliases; `default` when the service names none. */
export function networksOf(scope: ServiceScope, mode: NetworkMode): ServiceModel['networks'] {
  if (mode !== 'bridge') return {};
  const entries = entriesOf(at(scope, 'networks'));
  if (entries.length === 0) return { default: { aliases: [] } };
  const known = entriesOf(get(scope.root, 'networks')).map((entry) => entry.key);
  const found: Record<string, AttachmentModel> = {};
  for (const { key, at: place, value } of entries) {
    if (key.startsWith('x-')) continue;
    if (key !== 'default' && !known.includes(key)) {
      const near = suggest(key, [...known, 'default']);
      complain(
        scope,
        'undefined-network',
        { ...value, at: place },
        {
          what: `the network ${key} is not defined`,
          fix:
            near === undefined
              ? `add it at the top level: networks: { ${key}: {} }`
              : `did you mean ${near}?`,
        },
      );
    }
    found[key] = present({
      aliases: aliasesOf(scope, get(value, 'aliases')),
      address: addressOn(scope, key, get(value, 'ipv4_address')),
    });
  }
  return sortKeys(found);
}

function addressOn(scope: ServiceScope, network: string, tree: Tree | undefined): string | undefined {
  const address = textOf(tree);
  if (address === undefined) return undefined;
  const said = whyNotOn(scope, network, address);
  if (said === undefined) return address;
  complain(scope, 'bad-address', tree, { ...said, what: `ipv4_address: ${said.what}` });
  return undefined;
}

function aliasesOf(scope: ServiceScope, tree: Tree | undefined): readonly string[] {
  const names = itemsOf(tree).flatMap((item) => {
    const name = textOf(item);
    if (name?.includes('.') && isHostName(name)) {
      complain(scope, 'refused-value', item, {
        what: `the alias ${name} is refused`,
        why: 'a name with a dot is asked of the world first, by some programs only of the world',
        fix: 'use a name without dots, such as api; other apps write SERVICE.APP',
      });
      return [];
    }
    if (name === undefined || isHostName(name)) return name ?? [];
    complain(scope, 'bad-name', item, {
      what: `the alias ${JSON.stringify(name)} is no host name`,
      fix: 'use letters, digits, dots and dashes',
    });
    return [];
  });
  return [...new Set(names)].sort();
}

const isHostName = (name: string): boolean =>
  name.length <= 253 &&
  name.split('.').every((part) => /^[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?$/.test(part));

export function hostnameOf(scope: ServiceScope): string | undefined {
  const tree = at(scope, 'hostname');
  const name = textOf(tree);
  const domain = textOf(at(scope, 'domainname'));
  if (domain !== undefined && name === undefined) {
    complain(scope, 'conflict', at(scope, 'domainname'), {
      what: 'domainname is joined to hostname, and there is none',
      fix: 'add hostname',
    });
  }
  const full = domain === undefined || name === undefined ? name : `${name}.${domain}`;
  if (full !== undefined && !isHostName(full)) {
    complain(scope, 'bad-name', tree, {
      what: `${JSON.stringify(full)} is no host name`,
      fix: 'use letters, digits, dots and dashes',
    });
  }
  return full;
}

/** Name servers, as IPv4 or IPv6 addresses. */
export function dnsOf(scope: ServiceScope): readonly string[] {
  const tree = at(scope, 'dns');
  return itemsOf(tree).flatMap((item) => {
    const address = textOf(item);
    if (address === undefined || isAddress(address)) return address ?? [];
    complain(scope, 'bad-address', item, {
      what: `dns: ${address} is no address`,
      fix: 'for example 192.0.2.53',
    });
    return [];
  });
}

/** Lines for /etc/hosts, in the order of their names. Shared by services and builds. */
export function extraHostsOf(
  tree: Tree | undefined,
  told: (tree: Tree, what: string) => void,
): readonly { readonly name: string; readonly address: string }[] {
  return entriesOf(tree)
    .flatMap(({ key, value }) => {
      const addresses = textsOf(value);
      if (addresses.length === 0) told(value, `extra_hosts: ${key} has no address`);
      return addresses.flatMap((address) => {
        if (address === 'host-gateway' || isAddress(address)) return [{ name: key, address }];
        told(value, `extra_hosts: ${address} is no address`);
        return [];
      });
    })
    .sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
}

const isAddress = (text: string): boolean =>
  parseAddress(text) !== undefined || (/^[\da-fA-F:.]+$/.test(text) && (text.match(/:/g)?.length ?? 0) >= 2);
