import { isAbsolute, normalizePath } from '#base/path.ts';
import { present } from '#base/present.ts';
import { parseSizeBytes } from '#base/size.ts';
import { suggest } from '#base/suggest.ts';
import { parseMount } from '#spec/compose/mount-syntax.ts';
import type { MountModel } from '#spec/model.ts';
import type { Tree } from '#spec/yaml/tree.ts';
import { booleanOf, entriesOf, get, itemsOf, textOf } from '#spec/yaml/tree.ts';
import type { ServiceScope } from './scope.ts';
import { at, complain } from './scope.ts';
import { bytesOf, modeOf } from './values.ts';

/** A mount and where it was written. */
export interface WrittenMount {
  readonly mount: MountModel;
  readonly tree: Tree;
}

/** `volumes` and `tmpfs` of the service. */
export function mountsOf(scope: ServiceScope): readonly WrittenMount[] {
  const written = (tree: Tree, mount: MountModel | undefined): readonly WrittenMount[] =>
    mount === undefined ? [] : [{ mount, tree }];
  return [
    ...itemsOf(at(scope, 'volumes')).flatMap((item) =>
      written(item, item.kind === 'mapping' ? longMount(scope, item) : shortMount(scope, item)),
    ),
    ...itemsOf(at(scope, 'tmpfs')).flatMap((item) => written(item, tmpfs(scope, item))),
  ];
}

function shortMount(scope: ServiceScope, item: Tree): MountModel | undefined {
  const text = textOf(item);
  if (text === undefined) return undefined;
  const syntax = parseMount(text);
  if (syntax === undefined) {
    complain(scope, 'bad-mount', item, {
      what: `volumes: ${JSON.stringify(text)} is no mount`,
      fix: 'write VOLUME:/path, /directory/of/machine:/path or /path, with :ro behind if need be',
    });
    return undefined;
  }
  const target = targetOf(scope, item, syntax.target);
  if (target === undefined) return undefined;
  const modes = new Set(syntax.modes);
  const readOnly = modes.delete('ro');
  modes.delete('rw');
  const noCopy = modes.delete('nocopy');
  const selinux = selinuxOf([...modes].find((mode) => modes.delete(selinuxOf(mode) ?? '')));
  const propagation = propagations.find((name) => modes.delete(name));
  for (const mode of modes) {
    complain(scope, 'bad-mount', item, {
      what: `volumes: the mode ${JSON.stringify(mode)} is refused`,
      why: macModes.has(mode) ? 'it is for Docker on a Mac' : undefined,
      fix: `use any of ro, rw, z, Z, nocopy, ${propagations.join(', ')}`,
    });
  }
  const { source } = syntax;
  if (source === undefined) return { kind: 'anonymous', target, readOnly };
  if (!isPath(source)) return volume(scope, item, { volume: source, target, readOnly, noCopy });
  return bindSource(scope, item, source)
    ? present({
        kind: 'bind' as const,
        source: normalizePath(source),
        target,
        readOnly,
        createSource: true,
        propagation,
        selinux,
      })
    : undefined;
}

const selinuxOf = (text: string | undefined): 'z' | 'Z' | undefined =>
  text === 'z' || text === 'Z' ? text : undefined;

const propagations = ['private', 'rprivate', 'shared', 'rshared', 'slave', 'rslave'];
const macModes: ReadonlySet<string> = new Set(['cached', 'delegated', 'consistent']);

const isPath = (source: string): boolean => /^[/.~]|^[A-Za-z]:[\\/]/.test(source) || source.includes('/');

/** A bind mount is a directory of the machine; those of the laptop that deploys are not there. */
function bindSource(scope: ServiceScope, item: Tree, source: string): boolean {
  if (isAbsolute(source)) return true;
  complain(scope, 'relative-bind', item, {
    what: `volumes: ${source} is no absolute path`,
    why: 'a bind mount is a directory of the machine that runs the service, not of the computer you deploy from',
    fix: 'give files along as configs or in the image, keep data in a volume, or name an absolute path of the machine',
  });
  return false;
}

function longMount(scope: ServiceScope, item: Tree): MountModel | undefined {
  const kind = textOf(get(item, 'type'));
  const written = textOf(get(item, 'target'));
  const target = written === undefined ? undefined : targetOf(scope, item, written);
  if (target === undefined) return undefined;
  const source = textOf(get(item, 'source'));
  const readOnly = booleanOf(get(item, 'read_only')) ?? false;
  for (const other of ['bind', 'volume', 'tmpfs']) {
    if (other !== kind && get(item, other) !== undefined) {
      complain(scope, 'conflict', get(item, other), {
        what: `volumes: ${other} has no place in a mount of type ${kind}`,
        fix: 'remove it',
      });
    }
  }
  if (kind === 'tmpfs') {
    if (source !== undefined) {
      complain(scope, 'conflict', get(item, 'source'), {
        what: 'volumes: a tmpfs has no source',
        fix: 'remove it',
      });
    }
    const options = readOnly ? ['ro'] : undefined;
    const sizeBytes = bytesOf(get(item, 'tmpfs', 'size'));
    return present({ kind, target, sizeBytes, mode: modeOf(get(item, 'tmpfs', 'mode')), options });
  }
  if (kind === 'bind') {
    const bind = get(item, 'bind');
    if (source === undefined || !bindSource(scope, get(item, 'source') ?? item, source)) {
      if (source === undefined)
        complain(scope, 'missing-key', item, {
          what: 'volumes: a bind mount has no source',
          fix: 'add source',
        });
      return undefined;
    }
    return present({
      kind,
      source: normalizePath(source),
      target,
      readOnly,
      createSource: booleanOf(get(bind, 'create_host_path')) ?? true,
      propagation: textOf(get(bind, 'propagation')),
      selinux: selinuxOf(textOf(get(bind, 'selinux'))),
    });
  }
  if (kind !== 'volume') return undefined;
  if (source === undefined) return { kind: 'anonymous', target, readOnly };
  const noCopy = booleanOf(get(item, 'volume', 'nocopy')) ?? false;
  const subpath = textOf(get(item, 'volume', 'subpath'));
  return volume(
    scope,
    get(item, 'source') ?? item,
    present({ volume: source, target, readOnly, noCopy, subpath }),
  );
}

function volume(
  scope: ServiceScope,
  item: Tree,
  mount: Omit<Extract<MountModel, { kind: 'volume' }>, 'kind'>,
): MountModel {
  const known = entriesOf(get(scope.root, 'volumes')).map((entry) => entry.key);
  if (!known.includes(mount.volume)) {
    const near = suggest(mount.volume, known);
    complain(scope, 'undefined-volume', item, {
      what: `the volume ${mount.volume} is not defined`,
      fix:
        near === undefined
          ? `add it at the top level: volumes: { ${mount.volume}: {} }`
          : `did you mean ${near}?`,
    });
  }
  return { kind: 'volume', ...mount };
}

/** `/run:size=64m,mode=1777,noexec` */
function tmpfs(scope: ServiceScope, item: Tree): MountModel | undefined {
  const text = textOf(item);
  if (text === undefined) return undefined;
  const [path = '', rest = ''] = text.split(/:(.*)/s);
  const target = targetOf(scope, item, path);
  if (target === undefined) return undefined;
  let sizeBytes: number | undefined;
  let mode: number | undefined;
  const options: string[] = [];
  for (const option of rest.split(',').filter((one) => one !== '')) {
    const [name, value = ''] = option.split('=');
    if (name === 'size' && parseSizeBytes(value) !== undefined) sizeBytes = parseSizeBytes(value);
    else if (name === 'mode' && /^[0-7]{3,5}$/.test(value)) mode = Number.parseInt(value, 8);
    else if (tmpfsFlags.has(option)) options.push(option);
    else {
      complain(scope, 'bad-mount', item, {
        what: `tmpfs: the option ${JSON.stringify(option)} is refused`,
        fix: `use size=64m, mode=1777 or any of ${[...tmpfsFlags].join(', ')}`,
      });
    }
  }
  return present({
    kind: 'tmpfs' as const,
    target,
    sizeBytes,
    mode,
    options: options.length === 0 ? undefined : options.sort(),
  });
}

const tmpfsFlags: ReadonlySet<string> = new Set([
  'ro',
  'rw',
  'exec',
  'noexec',
  'suid',
  'nosuid',
  'dev',
  'nodev',
]);

function targetOf(scope: ServiceScope, item: Tree, target: string): string | undefined {
  if (isAbsolute(target) && normalizePath(target) !== '/') return normalizePath(target);
  complain(scope, 'bad-mount', item, {
    what: `${JSON.stringify(target)} is no place to mount at`,
    why: 'the target is an absolute path inside the container, and not the root of it',
    fix: 'begin it with /',
  });
  return undefined;
}
