import { sha256Hex } from '#base/digest.ts';
import { canonical } from '#base/json.ts';
import type { ContainerResource, MeshPeer, Resource, ResourceKind } from '#compile/manifest.ts';
import { showRoute } from '#compile/network.ts';
import { tableText } from '#compile/nft/text.ts';
import type { FieldChange, Fields } from './fields.ts';
import type { Action } from './step.ts';

/** What converging must know of a kind of resource. */
interface KindRule<R extends Resource> {
  /** What it is on the machine: two ids with the same place are the same thing. */
  readonly place: (resource: R) => string;
  readonly wanted: (resource: R) => Fields;
  readonly action: (changes: readonly FieldChange[], resource: R) => Action;
  /** Other things that only one resource can have at a time. */
  readonly claims: (resource: R) => readonly string[];
  /** The resource without long and secret texts, as the ledger keeps it. */
  readonly slim: (resource: R) => R;
  /** `always`: goes with the manifest, or becomes what it was before Ballast. `never`: stays. */
  readonly leaves: 'always' | 'never';
}

type Rules = { readonly [K in ResourceKind]: KindRule<Extract<Resource, { kind: K }>> };

const plain = {
  action: () => 'update' as const,
  claims: () => [],
  slim: <R>(resource: R) => resource,
  leaves: 'always' as const,
};

const rules: Rules = {
  directory: {
    ...plain,
    place: ({ path }) => path,
    wanted: ({ mode, owner, group }) => ({ mode: showMode(mode), owner, group }),
  },
  file: {
    ...plain,
    place: ({ path }) => path,
    wanted: ({ content, secret, mode, owner, group, afterwards }) => ({
      content: secret === undefined ? textDigest(content ?? '') : `secret ${secret}`,
      mode: showMode(mode),
      owner,
      group,
      ...(afterwards === undefined ? {} : { told: true }),
    }),
    slim: ({ content: _, ...rest }) => rest,
  },
  package: {
    ...plain,
    place: ({ name }) => name,
    wanted: ({ version, hold, absent }) => ({
      installed: !absent,
      ...(version === undefined ? {} : { version }),
      ...(hold === undefined ? {} : { held: hold }),
    }),
  },
  group: {
    ...plain,
    place: ({ name }) => name,
    wanted: ({ gid }) => ({ present: true, ...(gid === undefined ? {} : { gid }) }),
  },
  user: {
    ...plain,
    place: ({ name }) => name,
    wanted: ({ uid, group, groups, shell, home, comment }) => ({
      ...(uid === undefined ? {} : { uid }),
      group,
      groups: groups.join(','),
      shell,
      home,
      comment,
      password: 'locked',
    }),
  },
  sysctl: { ...plain, place: ({ key }) => key, wanted: ({ value }) => ({ value }) },
  module: { ...plain, place: ({ name }) => name, wanted: () => ({ loaded: true }) },
  timezone: { ...plain, place: () => 'machine', wanted: ({ zone }) => ({ zone }) },
  swap: { ...plain, place: ({ path }) => path, wanted: ({ sizeBytes }) => ({ sizeBytes }) },
  trust: {
    ...plain,
    place: ({ name }) => name,
    wanted: ({ certificate }) => ({ certificate: textDigest(certificate) }),
    slim: (resource) => ({ ...resource, certificate: '' }),
  },
  // Images stay when no replica needs them any more: a rollback or the next deploy finds them, with the registry
  // down too. The manifest lists those; others go, if Ballast pulled them.
  image: {
    ...plain,
    place: ({ reference }) => reference,
    wanted: () => ({ present: true }),
    leaves: 'never',
  },
  volume: {
    ...plain,
    place: ({ name }) => name,
    wanted: ({ driver, options }) => ({ driver, options: canonical(options) }),
    leaves: 'never',
  },
  mesh: {
    ...plain,
    place: (resource) => resource.interface,
    wanted: ({ port, publicKey, peers }) => ({
      runs: true,
      port,
      ...(publicKey === undefined ? {} : { key: publicKey }),
      keyFile: 'its own',
      peers: textDigest(peers.map(showPeer).sort().join('\n')),
    }),
    slim: (resource) => ({ ...resource, peers: [] }),
  },
  firewall: {
    ...plain,
    place: ({ family, table }) => `${family} ${table}`,
    wanted: (resource) => ({ rules: textDigest(tableText(resource)) }),
    slim: (resource) => ({ ...resource, objects: [] }),
  },
  network: {
    ...plain,
    place: (resource) => resource.interface,
    wanted: ({ link, mac, mtu, addresses, routes }) => ({
      up: true,
      addresses: [...addresses].sort().join(', '),
      routes: textDigest(routes.map(showRoute).sort().join('\n')),
      ...(mac === undefined ? {} : { mac }),
      ...(mtu === undefined ? {} : { mtu }),
      ...(link === 'bridge' ? { containers: 'on it' } : {}),
    }),
    slim: (resource) => ({ ...resource, routes: resource.routes.map(({ to }) => ({ to })) }),
  },
  unit: {
    ...plain,
    place: ({ name }) => name,
    wanted: ({ enabled, active, stamp, masked }) =>
      masked
        ? { masked: true }
        : { enabled, ...(active === 'any' ? {} : { active }), ...(active === false ? {} : { stamp }) },
    action: (changes, { reload }) =>
      !reload && changes.some(({ name }) => name === 'stamp') ? 'restart' : 'update',
  },
  container: {
    ...plain,
    place: ({ name }) => name,
    wanted: ({ quadlet }) => ({ quadlet: textDigest(quadlet), active: true }),
    action: (changes) => (changes.some(({ name }) => name === 'quadlet') ? 'replace' : 'restart'),
    claims: containerClaims,
    slim: (resource) => ({ ...resource, quadlet: '' }),
  },
};

/** Whether this version knows what to do with a kind. */
export const isKnownKind = (kind: string): kind is ResourceKind => Object.hasOwn(rules, kind);

// One cast in one place: the table is total over the union, which TypeScript cannot follow through an index.
const ruleOf = (resource: Resource): KindRule<Resource> => rules[resource.kind] as KindRule<Resource>;

export const placeOf = (resource: Resource): string => `${resource.kind} ${ruleOf(resource).place(resource)}`;
export const wantedOf = (resource: Resource): Fields => ruleOf(resource).wanted(resource);
export const claimsOf = (resource: Resource): readonly string[] => ruleOf(resource).claims(resource);
export const slimOf = (resource: Resource): Resource => ruleOf(resource).slim(resource);
export const actionOf = (resource: Resource, changes: readonly FieldChange[]): Action =>
  ruleOf(resource).action(changes, resource);
export const leavesOf = (resource: Resource): 'always' | 'never' => ruleOf(resource).leaves;

/** A peer of the mesh as it is compared: where it is reached changes by itself when it moves. */
export const showPeer = ({ publicKey, subnet }: Pick<MeshPeer, 'publicKey' | 'subnet'>): string =>
  `${publicKey} ${subnet}`;

/** Digest of a text, the form in which files, Quadlets and rule sets are compared. */
export const textDigest = (text: string): string => `sha256:${sha256Hex(text).slice(0, 16)}`;

/** `0644`, the way people write modes. */
export const showMode = (mode: number): string => (mode & 0o7777).toString(8).padStart(4, '0');

/** An address, a published port and a writable volume serve one container at a time when one follows the other. */
function containerClaims({ address, quadlet }: ContainerResource): readonly string[] {
  const claims = address === '' ? [] : [`address ${address}`];
  for (const line of quadlet.split('\n')) {
    const port = /^PublishPort=(?:.*:)?(\d[\d-]*):\d[\d-]*(\/\w+)?$/.exec(line.trim());
    if (port) claims.push(`port ${port[1]}${port[2] ?? '/tcp'}`);
    const volume = /^Volume=([^/:][^:]*):[^:]+(?::(.*))?$/.exec(line.trim());
    if (volume && !(volume[2] ?? '').split(',').includes('ro')) claims.push(`volume ${volume[1]}`);
    const part = /--mount=type=volume,source=([^,"]+),(.*)$/.exec(line);
    if (part && !/,ro"?$/.test(part[2] ?? '')) claims.push(`volume ${part[1]}`);
  }
  return claims;
}
