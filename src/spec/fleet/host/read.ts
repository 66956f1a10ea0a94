import { present } from '#base/present.ts';
import { sortKeys } from '#spec/compose/normal/values.ts';
import type { HostModel } from '#spec/host-model.ts';
import type { Tree } from '#spec/yaml/tree.ts';
import { entriesOf, get, textOf } from '#spec/yaml/tree.ts';
import { groupsOf, usersOf } from './accounts.ts';
import { checkPlaces } from './check-places.ts';
import { directoriesOf, filesOf } from './files.ts';
import type { Reading } from './reading.ts';
import { certificatesOf, journalOf, packagesOf, swapOf, sysctlOf, timezoneOf } from './settings.ts';
import { sshdOf, sshKeysOf } from './ssh.ts';
import { sudoOf } from './sudo.ts';
import { mountsOf, unitsOf } from './units.ts';

/** What a checked `host` section means. */
export function hostOf(tree: Tree, reading: Reading): HostModel {
  const part = (key: string): Tree | undefined => get(tree, key);
  const groups = groupsOf(part('groups'));
  const users = usersOf(part('users'), `${reading.path}.users`, { groups, problems: reading.problems });
  const host: HostModel = {
    ...present({ timezone: timezoneOf(part('timezone'), reading), swap: swapOf(part('swap')) }),
    packages: packagesOf(part('packages'), reading),
    directories: directoriesOf(part('directories'), reading),
    files: filesOf(part('files'), reading),
    groups,
    users,
    sudo: sudoOf(part('sudo'), users, reading),
    sshKeys: sshKeysOf(part('ssh_keys'), users, reading),
    sshd: sshdOf(part('sshd'), reading),
    sysctl: sysctlOf(part('sysctl'), reading),
    modules: sortKeys(
      Object.fromEntries(
        entriesOf(part('modules')).map(({ key, value }) => [
          key,
          { options: textOf(get(value, 'options')) ?? '' },
        ]),
      ),
    ),
    units: unitsOf(part('units'), reading),
    mounts: mountsOf(part('mounts'), reading),
    certificates: certificatesOf(part('certificates'), reading),
    journal: journalOf(part('journal')),
  };
  checkPlaces(host, tree, reading);
  return host;
}
