import type { Release } from '#plan/model.ts';
import type { MountModel } from '#spec/model.ts';
import { argumentLine, type QuadletLine, unexpanded, words } from './quadlet-text.ts';

/** What one mount is in a Quadlet file. */
export function mountLine(mount: MountModel, release: Release): QuadletLine {
  switch (mount.kind) {
    case 'volume':
      return volumeLine(mount, release.model.volumes[mount.volume]?.name ?? mount.volume);
    case 'anonymous':
      // The short form has no place for options without a source.
      return mount.readOnly
        ? mountArgument({ target: mount.target }, true)
        : ['Volume', unexpanded(mount.target)];
    case 'bind': {
      const flags = [mount.readOnly ? 'ro' : 'rw', mount.propagation, mount.selinux].filter(Boolean);
      return ['Volume', unexpanded(`${mount.source}:${mount.target}:${flags.join(',')}`)];
    }
    case 'tmpfs': {
      const size = mount.sizeBytes === undefined ? [] : [`size=${mount.sizeBytes}`];
      const mode = mount.mode === undefined ? [] : [`mode=${mount.mode.toString(8)}`];
      const options = [...size, ...mode, ...(mount.options ?? [])].join(',');
      return ['Tmpfs', unexpanded(options ? `${mount.target}:${options}` : mount.target)];
    }
  }
}

function volumeLine(mount: Extract<MountModel, { kind: 'volume' }>, name: string): QuadletLine {
  if (mount.subpath !== undefined) {
    // A volume with directories in it is not empty, so nothing is ever copied into it.
    return mountArgument({ source: name, target: mount.target, subpath: mount.subpath }, mount.readOnly);
  }
  const flags = [mount.readOnly ? 'ro' : 'rw', ...(mount.noCopy ? ['nocopy'] : [])];
  return ['Volume', unexpanded(`${name}:${mount.target}:${flags.join(',')}`)];
}

/**
 * The long form of a volume, one line of CSV. As an argument and not as `Mount=`: Quadlet of podman 5.4 crashes on a
 * volume without a source, and with it goes every other container of the machine.
 */
function mountArgument(fields: Readonly<Record<string, string>>, readOnly: boolean): QuadletLine {
  const texts = Object.entries(fields).map(([key, value]) =>
    /[",\n]/.test(value) ? `"${key}=${value.replaceAll('"', '""')}"` : `${key}=${value}`,
  );
  return argumentLine(`--mount=${['type=volume', ...texts, ...(readOnly ? ['ro'] : [])].join(',')}`);
}

const makeMissing = 'for path; do [ -e "$path" ] || mkdir -p -- "$path" || exit; done';
const refuseMissing =
  'for path; do [ -e "$path" ] || { echo "bind mount: $path does not exist on this machine" >&2; exit 1; }; done';

/**
 * Directories of the machine that are bound and missing: made at each start, as Compose does, or said to be missing.
 * Not resources of the manifest: what is there already, a file it may be, is not Ballast's.
 */
export function sourceChecks(mounts: readonly MountModel[]): QuadletLine[] {
  const sources = (createSource: boolean): readonly string[] =>
    mounts.flatMap((mount) =>
      mount.kind === 'bind' && mount.createSource === createSource ? [mount.source] : [],
    );
  const check = (script: string, paths: readonly string[]): QuadletLine[] =>
    paths.length === 0 ? [] : [['ExecStartPre', words(['/bin/sh', '-c', script, 'sh', ...paths])]];
  return [...check(refuseMissing, sources(false)), ...check(makeMissing, sources(true))];
}
