import { isInside, normalizePath } from '#base/path.ts';
import { present } from '#base/present.ts';
import { modeOf, sortKeys } from '#spec/compose/normal/values.ts';
import type { HostDirectoryModel, HostFileModel, HostModel } from '#spec/host-model.ts';
import type { Entry, Tree } from '#spec/yaml/tree.ts';
import { entriesOf, get, textOf } from '#spec/yaml/tree.ts';
import { bodyOf, namesOf, type Reading } from './reading.ts';
import { systemMode } from './system-directories.ts';

const lookOf = (tree: Tree, mode: number): HostDirectoryModel => ({
  mode: modeOf(get(tree, 'mode')) ?? mode,
  owner: textOf(get(tree, 'owner')) ?? 'root',
  group: textOf(get(tree, 'group')) ?? 'root',
});

export function directoriesOf(tree: Tree | undefined, reading: Reading): HostModel['directories'] {
  return byPath(tree, 'directories', reading, (entry) => {
    const path = normalizePath(entry.key);
    const look = lookOf(entry.value, systemMode(path) ?? 0o755);
    checkSystem(path, look, entry, reading);
    return look;
  });
}

export function filesOf(tree: Tree | undefined, reading: Reading): HostModel['files'] {
  return byPath(tree, 'files', reading, (entry) => fileOf(entry, reading));
}

/** Everything on a machine relies on how these look. */
function checkSystem(
  path: string,
  { mode, owner, group }: HostDirectoryModel,
  { key, value, at }: Entry,
  { path: section, problems }: Reading,
): void {
  const usual = systemMode(path);
  const strange = [owner, group].some((name) => name !== 'root' && name !== '0');
  if (usual === undefined || (mode === usual && !strange)) return;
  problems.add('conflict', {
    what: `${section}.directories.${key}: ${path} is the system’s, with mode ${usual.toString(8).padStart(4, '0')} and owned by root`,
    why: 'what would look otherwise could open the machine to everybody, or stop it from working',
    fix: 'remove it, or choose a directory of your own below it',
    at: (mode === usual ? undefined : get(value, 'mode')?.at) ?? at,
  });
}

function fileOf({ key, value, at }: Entry, reading: Reading): HostFileModel {
  const path = `${reading.path}.files.${key}`;
  const body = bodyOf(value, path, reading);
  const secret = textOf(get(value, 'secret'));
  if ((secret === undefined) === (body.content === undefined)) {
    reading.problems.add(secret === undefined ? 'missing-key' : 'conflict', {
      what:
        secret === undefined ? `${path} says nothing of what is in it` : `${path}: it is a secret and a text`,
      fix: 'give it one of content, source and secret',
      at,
    });
  }
  return present({
    ...lookOf(value, secret === undefined ? 0o644 : 0o600),
    content: body.content,
    secret,
    template: body.template,
    restart: namesOf(get(value, 'restart')),
    reload: namesOf(get(value, 'reload')),
  });
}

/** Entries whose names are paths: each one a place of its own, and none of them Ballast's. */
function byPath<T>(
  tree: Tree | undefined,
  kind: string,
  reading: Reading,
  read: (entry: Entry) => T,
): Readonly<Record<string, T>> {
  const found: Record<string, T> = {};
  for (const entry of entriesOf(tree)) {
    if (!entry.key.startsWith('/')) continue;
    const path = normalizePath(entry.key);
    checkPlace(path, entry, kind, reading);
    if (Object.hasOwn(found, path)) {
      reading.problems.add('conflict', {
        what: `${reading.path}.${kind}.${entry.key}: ${path} is declared twice`,
        fix: 'remove one of the two',
        at: entry.at,
      });
    }
    found[path] = read(entry);
  }
  return sortKeys(found);
}

/** Places that something else of the fleet file, or Ballast itself, looks after. */
const kept: readonly (readonly [path: string, by: string])[] = [
  ['/etc/passwd', 'declare users: host.users'],
  ['/etc/shadow', 'declare users: host.users'],
  ['/etc/group', 'declare groups: host.groups'],
  ['/etc/localtime', 'set host.timezone'],
  ['/etc/timezone', 'set host.timezone'],
  ['/etc/ssh/authorized_keys.d', 'list the keys: host.ssh_keys'],
  ['/etc/ballast', 'choose another place'],
  ['/etc/containers/systemd/ballast', 'choose another place'],
  ['/etc/containers/certs.d', 'choose another place'],
  ['/etc/systemd/system/ballast-agent.service', 'choose another place'],
  ['/var/lib/ballast', 'choose another place'],
  ['/usr/local/bin/ballast', 'choose another place'],
  ['/proc', 'set host.sysctl'],
  ['/sys', 'choose another place'],
  ['/dev', 'choose another place'],
];

/** Names that Ballast gives to its own: `ballast-x`, `50-ballast.conf`, `99-ballast.nft`. */
const ownName = /(^|\/)(\d+-)?ballast([-.][^/]*)?$/;

function checkPlace(
  path: string,
  { key, at }: Entry,
  kind: string,
  { path: section, problems }: Reading,
): void {
  const keeper = kept.find(([place]) => isInside(place, path));
  const fix = keeper?.[1] ?? (ownName.test(path) ? 'choose a name without ballast in it' : undefined);
  if (fix === undefined && path !== '/') return;
  problems.add('conflict', {
    what: `${section}.${kind}.${key}: ${path} is not to be written by hand`,
    why: 'Ballast or the system keeps what is there, and two keepers would undo each other’s work',
    fix: fix ?? 'choose a path',
    at,
  });
}
