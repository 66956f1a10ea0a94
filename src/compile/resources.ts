import { must } from '#base/assert.ts';
import { digestOf } from '#base/digest.ts';
import type { DirectoryResource, FileResource, PackageResource, UnitResource } from './manifest.ts';

export type Body = { readonly content: string } | { readonly secret: string };

interface Extra {
  readonly after?: readonly string[];
  readonly mode?: number;
  readonly owner?: string;
  readonly group?: string;
  readonly confirm?: boolean;
}

/** A file of root's, readable by all unless told otherwise. */
export function file(origin: string, path: string, body: Body, extra: Extra = {}): FileResource {
  return {
    kind: 'file',
    id: `file:${path}`,
    path,
    ...body,
    mode: 0o644,
    owner: 'root',
    group: 'root',
    after: [],
    origin,
    ...extra,
  };
}

export function directory(origin: string, path: string, extra: Extra = {}): DirectoryResource {
  return {
    kind: 'directory',
    id: `directory:${path}`,
    path,
    mode: 0o755,
    owner: 'root',
    group: 'root',
    after: [],
    origin,
    ...extra,
  };
}

export function debianPackage(origin: string, name: string): PackageResource {
  return { kind: 'package', id: `package:${name}`, name, after: [], origin };
}

/**
 * A unit that runs from boot on. It starts anew when one of `parts`, the files that its process read at start,
 * changes; a secret's name holds its version.
 */
export function runningUnit(
  origin: string,
  name: string,
  parts: readonly FileResource[],
  options: { readonly reload?: boolean; readonly confirm?: boolean; readonly after?: readonly string[] } = {},
): UnitResource {
  return {
    kind: 'unit',
    id: `unit:${name}`,
    name,
    enabled: true,
    active: true,
    stamp: digestOf(parts.map((part) => [part.path, part.content ?? must(part.secret, 'secret')])),
    reload: options.reload ?? false,
    ...(options.confirm ? { confirm: true } : {}),
    after: [...parts.map(({ id }) => id), ...(options.after ?? [])],
    origin,
  };
}
