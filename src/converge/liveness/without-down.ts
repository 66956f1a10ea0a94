import { namesFolder } from '#compile/dns.ts';
import type { FileResource, FirewallResource, Manifest, Resource } from '#compile/manifest.ts';
import type { NftChain, NftMap, NftObject, NftSpread } from '#compile/nft/objects.ts';
import type { TroubleOf } from './trouble.ts';

/**
 * The manifest without what cannot serve: addresses with trouble get no new connections and have no names. It is
 * what the machine holds until they are back; what is loaded at boot stays as declared.
 */
export function withoutDown(manifest: Manifest, troubleOf: TroubleOf): Manifest {
  return { ...manifest, resources: manifest.resources.map((resource) => cleared(resource, troubleOf)) };
}

function cleared(resource: Resource, troubleOf: TroubleOf): Resource {
  if (resource.kind === 'firewall') return balanced(resource, troubleOf);
  if (resource.kind === 'file' && isNames(resource)) return named(resource, troubleOf);
  return resource;
}

/** Addresses that some table leads connections to. */
export const backendsOf = (resources: readonly Resource[]): ReadonlySet<string> =>
  new Set(
    resources.flatMap((resource) =>
      resource.kind === 'firewall' ? resource.objects.flatMap(spreadsOf).flatMap(({ to }) => to) : [],
    ),
  );

const spreadsOf = (object: NftObject): readonly NftSpread[] =>
  object.kind === 'chain' ? object.rules.filter((rule) => typeof rule !== 'string') : [];

function balanced(resource: FirewallResource, troubleOf: TroubleOf): FirewallResource {
  const objects = resource.objects.map((object) =>
    spreadsOf(object).length === 0 ? object : spreadAnew(object as NftChain, troubleOf),
  );
  return { ...resource, objects: refusingEmpty(objects) };
}

const spreadAnew = (chain: NftChain, troubleOf: TroubleOf): NftChain => ({
  ...chain,
  rules: chain.rules.map((rule) =>
    typeof rule === 'string' ? rule : { ...rule, to: serving(rule.to, troubleOf) },
  ),
});

/**
 * Who gets new connections: those that are well. When nobody is, those that run at least: a check that fails
 * everywhere tells more of the check, or of what it asks, than of each replica. Nobody, when none is there.
 */
function serving(to: readonly string[], troubleOf: TroubleOf): readonly string[] {
  const well = to.filter((address) => troubleOf(address) === undefined);
  return well.length > 0 ? well : to.filter((address) => troubleOf(address) === 'unwell');
}

/** What leads to nobody is refused at once, before it is led on: whoever asks is not left hanging. */
function refusingEmpty(objects: readonly NftObject[]): readonly NftObject[] {
  const empty = new Set(
    objects.flatMap((object) => {
      const spreads = spreadsOf(object);
      return spreads.length > 0 && spreads.every(({ to }) => to.length === 0) ? [object.name] : [];
    }),
  );
  if (empty.size === 0 || !objects.some(({ kind, name }) => kind === 'chain' && name === 'refused'))
    return objects;
  return objects.map((object) => {
    if (object.kind !== 'map') return object;
    const leading = objects.find(({ name }) => name === judgedFor[object.name]);
    return leading?.kind === 'map' ? refusing(object, keysTo(leading, empty)) : object;
  });
}

/** The map that judges, and the one that leads on by the same keys. */
const judgedFor: Readonly<Record<string, string>> = {
  vips_inbound: 'vips',
  published_only: 'published',
  published_only_at: 'published_at',
};

const keysTo = ({ elements }: NftMap, chains: ReadonlySet<string>): readonly string[] =>
  elements.flatMap((element) => {
    const [key = '', to = ''] = element.split(' : goto ');
    return chains.has(to) ? [key] : [];
  });

function refusing(judging: NftMap, keys: readonly string[]): NftMap {
  if (keys.length === 0) return judging;
  const others = judging.elements.filter((element) => !keys.includes(element.split(' : ')[0] ?? ''));
  return { ...judging, elements: [...others, ...keys.map((key) => `${key} : goto refused`)].sort() };
}

const isNames = ({ path }: FileResource): boolean => path.startsWith(`${namesFolder}/`);

/** A name leads to replicas that are well, and to virtual addresses. */
function named(resource: FileResource, troubleOf: TroubleOf): FileResource {
  const lines = (resource.content ?? '').split(/(?<=\n)/);
  const kept = lines.filter((line) => troubleOf(line.split(' ')[0] ?? '') === undefined);
  return kept.length === lines.length ? resource : { ...resource, content: kept.join('') };
}
