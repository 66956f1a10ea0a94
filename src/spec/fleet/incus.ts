import { overlaps, parseCidr, showCidr } from '#base/cidr.ts';
import { present } from '#base/present.ts';
import { suggest } from '#base/suggest.ts';
import { sortKeys } from '#spec/compose/normal/values.ts';
import type { FleetNetworkModel, IncusModel, IncusPoolModel, PoolModel } from '#spec/fleet-model.ts';
import type { Problems } from '#spec/problems.ts';
import type { Keys } from '#spec/table/shape.ts';
import { honoured, list, map, matching, object, text } from '#spec/table/shape.ts';
import type { Tree } from '#spec/yaml/tree.ts';
import { entriesOf, get, itemsOf, textOf } from '#spec/yaml/tree.ts';

const name = matching(/^[a-z]([a-z0-9-]{0,40}[a-z0-9])?$/, 'a name of small letters, digits and dashes');
const path = matching(/^\/\S+$/, 'an absolute path on the server’s computer');

const remote = object({
  url: honoured(matching(/^https:\/\/[^\s/]+\/?$/, 'https://HOST:8443'), 'where its API is', {
    required: true,
    example: 'https://192.0.2.5:8443',
  }),
  fingerprint: honoured(
    matching(/^[0-9a-fA-F]{2}(:?[0-9a-fA-F]{2}){31}$/, 'a SHA-256 in hexadecimal'),
    'SHA-256 of its certificate, as `incus info` prints it: nothing else is believed',
    { example: '5c1f…' },
  ),
  ca: honoured(path, 'instead of a fingerprint: PEM of the authority that vouches for it', {
    example: '/etc/ballast/incus-ca.pem',
  }),
  secret: honoured(
    matching(/^[a-zA-Z0-9][a-zA-Z0-9_-]{0,127}$/, 'the name of a secret'),
    'the fleet’s secret that holds the certificate and the key, PEM, that Incus knows the fleet by',
    { example: 'incus-lab' },
  ),
  identity: honoured(path, 'instead of a secret: a file that holds both', {
    example: '/etc/ballast/incus-lab.pem',
  }),
  project: honoured(matching(/^[^\s/]{1,63}$/, 'the name of a project'), 'the project machines are made in', {
    example: 'ballast',
    byDefault: 'default',
  }),
  addresses: honoured(
    matching(/^\d+\.\d+\.\d+\.\d+\/\d+$/, 'an IPv4 network such as 10.20.0.0/24'),
    'addresses that machines may have there, on the network their profile or `network` leads to',
    { required: true, example: '10.20.0.0/24' },
  ),
});

/** Top level: Incus servers, by name. */
export const incusKeys = map(remote, { names: /^[a-z]([a-z0-9-]{0,40}[a-z0-9])?$/ });

/** What a pool of provider incus says beside what all pools say. */
export const incusPoolKeys: Keys = {
  on: honoured(name, 'the Incus server, when there are several', {
    example: 'lab',
    byDefault: 'the only one',
  }),
  type: honoured(
    { kind: 'choice', values: ['container', 'vm'] },
    'what kind of instances: a vm needs an image with cloud-init and a host that can',
    { example: 'container', byDefault: 'container' },
  ),
  image: honoured(text, 'alias or fingerprint of the image: Debian 13 or Ubuntu 25.04, or newer', {
    required: true,
    example: 'debian/13',
  }),
  image_server: honoured(
    matching(/^https:\/\/\S+$/, 'https://…'),
    'a simplestreams server to fetch the image from',
    { example: 'https://images.example.org', byDefault: 'images that Incus has already' },
  ),
  network: honoured(matching(/^[a-zA-Z0-9._-]{1,15}$/, 'the name of a network'), 'its managed network', {
    example: 'incusbr0',
    byDefault: 'incusbr0',
  }),
  storage: honoured(matching(/^[^\s/]{1,63}$/, 'the name of a storage pool'), 'where its disk is', {
    example: 'fast',
    byDefault: 'what the profiles say',
  }),
  profiles: honoured(list(matching(/^[^\s/]{1,63}$/, 'the name of a profile')), 'profiles, in order', {
    example: '[default]',
    byDefault: '[default]',
  }),
};

/** The Incus servers of a fleet file. */
export function incusOf(
  tree: Tree,
  network: FleetNetworkModel,
  problems: Problems,
): Readonly<Record<string, IncusModel>> | undefined {
  const found: Record<string, IncusModel> = {};
  for (const { key, value } of entriesOf(get(tree, 'incus'))) {
    if (key.startsWith('x-') || value.kind !== 'mapping') continue;
    oneOf(['fingerprint', 'ca'], `incus.${key}`, value, problems);
    oneOf(['secret', 'identity'], `incus.${key}`, value, problems);
    found[key] = present({
      name: key,
      url: (textOf(get(value, 'url')) ?? '').replace(/\/$/, ''),
      fingerprint: textOf(get(value, 'fingerprint'))?.replaceAll(':', '').toLowerCase(),
      ca: textOf(get(value, 'ca')),
      secret: textOf(get(value, 'secret')),
      identity: textOf(get(value, 'identity')),
      project: textOf(get(value, 'project')) ?? 'default',
      addresses: addressesOf(key, get(value, 'addresses'), network, problems),
    });
  }
  return Object.keys(found).length === 0 ? undefined : sortKeys(found);
}

function oneOf(keys: readonly [string, string], where: string, tree: Tree, problems: Problems): void {
  const written = keys.filter((key) => get(tree, key) !== undefined);
  if (written.length === 1) return;
  problems.add(written.length === 0 ? 'missing-key' : 'conflict', {
    what:
      written.length === 0
        ? `${where} has neither ${keys.join(' nor ')}`
        : `${where} has both ${keys.join(' and ')}`,
    fix: `write one of them`,
    at: (get(tree, written[1] ?? '') ?? tree).at,
  });
}

function addressesOf(
  name: string,
  tree: Tree | undefined,
  network: FleetNetworkModel,
  problems: Problems,
): string {
  const written = textOf(tree) ?? '';
  const cidr = parseCidr(written);
  if (cidr === undefined || cidr.bits < 8 || cidr.bits > 29) {
    if (/^[\d.]+\/\d+$/.test(written)) {
      problems.add('bad-network', {
        what: `incus.${name}.addresses: ${written} cannot be used`,
        why:
          cidr === undefined
            ? 'it is no IPv4 network, or its address has bits set behind the prefix'
            : 'it has to be a /8 to a /29',
        fix: 'for example 10.20.0.0/24',
        at: tree?.at,
      });
    }
    return written;
  }
  for (const key of ['machines', 'containers'] as const) {
    const other = parseCidr(network[key]);
    if (other === undefined || !overlaps(cidr, other)) continue;
    problems.add('network-overlap', {
      what: `incus.${name}.addresses ${written} and network.${key} ${network[key]} overlap`,
      why: 'an address must belong to one machine or replica',
      fix: 'choose ranges that do not meet',
      at: tree?.at,
    });
  }
  return showCidr(cidr);
}

/** What a pool of provider incus asks for. */
export function incusPoolOf(
  pool: string,
  value: Tree,
  { root, problems }: { readonly root: Tree; readonly problems: Problems },
): IncusPoolModel | undefined {
  const written = get(value, 'incus');
  const servers = entriesOf(get(root, 'incus')).map(({ key }) => key);
  if (written === undefined) {
    problems.add('missing-key', {
      what: `machines.${pool} does not say which image its machines are made of`,
      fix: 'add incus: { image: debian/13 }',
      at: value.at,
    });
    return undefined;
  }
  const on = get(written, 'on');
  const chosen = textOf(on) ?? (servers.length === 1 ? servers[0] : undefined);
  if (chosen === undefined || !servers.includes(chosen)) {
    const near = suggest(chosen ?? '', servers);
    const what =
      chosen === undefined
        ? `machines.${pool} does not say on which Incus server`
        : `machines.${pool}.incus.on: there is no Incus server ${chosen}`;
    const fix =
      servers.length === 0
        ? 'describe it at the top level: incus: { lab: { url: https://HOST:8443, … } }'
        : near === undefined
          ? `choose one by incus: { on: … }: ${servers.join(', ')}`
          : `did you mean ${near}?`;
    problems.add('unknown-machine', { what, fix, at: (on ?? written).at });
  }
  const profiles = itemsOf(get(written, 'profiles')).flatMap((item) => textOf(item) ?? []);
  return present({
    on: chosen ?? '',
    type: textOf(get(written, 'type')) === 'vm' ? ('vm' as const) : ('container' as const),
    image: textOf(get(written, 'image')) ?? '',
    imageServer: textOf(get(written, 'image_server')),
    network: textOf(get(written, 'network')) ?? 'incusbr0',
    storage: textOf(get(written, 'storage')),
    profiles: profiles.length === 0 ? ['default'] : profiles,
  });
}

/** Keys that have no place beside a pool's provider. */
export function checkProviderKeys(pool: PoolModel, value: Tree, problems: Problems): void {
  const refuse = (key: string, why: string): void => {
    const there = get(value, key);
    if (there === undefined) return;
    problems.add('conflict', {
      what: `machines.${pool.name}: ${key} has no place beside provider: ${pool.provider}`,
      why,
      fix: 'remove it',
      at: there.at,
    });
  };
  if (pool.provider !== 'incus') refuse('incus', 'it is for machines that Incus makes');
  if (pool.provider === 'incus')
    refuse('address', 'the server gives addresses of the Incus server’s `addresses`');
  if (pool.provider === 'user-data') {
    refuse('address', 'such machines say themselves where they are, when they join');
    refuse('size', 'whoever makes them says how big they are');
  }
}
