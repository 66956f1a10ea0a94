import type { Manifest, Resource, ResourceKind } from '#compile/manifest.ts';
import { quadletDirectory, unitOf } from '#host/quadlet.ts';

/** A file, or some of the files in a directory, whose change means that these kinds have to be looked at. */
export type Interest = { readonly kinds: readonly ResourceKind[] } & (
  | { readonly path: string; readonly within?: undefined }
  | { readonly within: string; readonly matches: (name: string) => boolean }
);

const files: readonly ResourceKind[] = ['file', 'directory'];
const units: readonly ResourceKind[] = ['unit', 'container'];
const accountFiles = ['passwd', 'group', 'shadow', 'gshadow'].map((name) => `/etc/${name}`);

/** Files that change along with all resources of a kind, whatever they are called. */
const byKind: Readonly<Record<string, readonly string[]>> = {
  package: ['/var/lib/dpkg/status'],
  user: accountFiles,
  group: accountFiles,
  timezone: ['/etc/localtime', '/etc/timezone'],
  trust: ['/etc/ssl/certs/ca-certificates.crt'],
  swap: ['/etc/fstab'],
};

/** Directories in which a kind keeps what it owns, one entry each. */
const directoriesByKind: Readonly<Record<string, readonly string[]>> = {
  trust: ['/usr/local/share/ca-certificates'],
  volume: ['/var/lib/containers/storage/volumes'],
};

/** All files that tell of changes to what a manifest names. `wants`: directories by which units are enabled. */
export function interestsOf({ resources }: Manifest, wants: readonly string[]): readonly Interest[] {
  const kinds = [...new Set(resources.map(({ kind }) => kind))];
  const own = new Map(resources.flatMap(unitOfResource));
  return [
    ...resources.flatMap(pathsOf),
    ...kinds.flatMap((kind) => (byKind[kind] ?? []).map((path) => ({ path, kinds: [kind] }))),
    ...kinds.flatMap((kind) =>
      (directoriesByKind[kind] ?? []).map((within) => ({ within, kinds: [kind], matches: () => true })),
    ),
    { within: quadletDirectory, kinds: ['container'], matches: (name) => name.endsWith('.container') },
    ...(own.size === 0 ? [] : wants).map((within): Interest => {
      return { within, kinds: units, matches: (name) => own.has(name.replace(/\.d$/, '')) };
    }),
  ];
}

function pathsOf(resource: Resource): readonly Interest[] {
  switch (resource.kind) {
    case 'file':
    case 'directory':
      return [{ path: resource.path, kinds: files }];
    case 'user':
      return resource.makeHome ? [{ path: resource.home, kinds: ['user'] }] : [];
    case 'sysctl': {
      // Writes to these files are told like those to any other.
      const { key } = resource;
      const path = `/proc/sys/${key.includes('/') ? key : key.replaceAll('.', '/')}`;
      return [{ path, kinds: ['sysctl'] }];
    }
    default:
      return [];
  }
}

/** The unit that systemd knows for a resource. */
export function unitOfResource(resource: Resource): readonly [name: string, resource: Resource][] {
  if (resource.kind === 'container') return [[unitOf(resource.name), resource]];
  return resource.kind === 'unit' ? [[resource.name, resource]] : [];
}
