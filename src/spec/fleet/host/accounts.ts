import { present } from '#base/present.ts';
import { suggest } from '#base/suggest.ts';
import { integerOf, sortKeys } from '#spec/compose/normal/values.ts';
import type { HostGroupModel, HostModel, HostUserModel } from '#spec/host-model.ts';
import type { Problems } from '#spec/problems.ts';
import type { Entry, Tree } from '#spec/yaml/tree.ts';
import { booleanOf, entriesOf, get, itemsOf, textOf } from '#spec/yaml/tree.ts';
import { accountPattern } from './account-keys.ts';

export const groupsOf = (tree: Tree | undefined): HostModel['groups'] =>
  sortKeys(
    Object.fromEntries(
      entriesOf(tree).map(({ key, value }): [string, HostGroupModel] => [
        key,
        present({ gid: integerOf(get(value, 'gid')), system: booleanOf(get(value, 'system')) ?? false }),
      ]),
    ),
  );

interface Known {
  readonly groups: HostModel['groups'];
  readonly problems: Problems;
}

export function usersOf(tree: Tree | undefined, path: string, known: Known): HostModel['users'] {
  const found: Record<string, HostUserModel> = {};
  const entries = entriesOf(tree);
  for (const entry of entries) {
    if (entry.key === 'root') refuseRoot(entry, path, known.problems);
    else found[entry.key] = userOf(entry);
    checkGroups(entry, path, Object.keys(found), known);
  }
  checkNumbers(entries, path, known.problems);
  return sortKeys(found);
}

function userOf({ key, value }: Entry): HostUserModel {
  const system = booleanOf(get(value, 'system')) ?? false;
  const home = textOf(get(value, 'home'));
  const groups = itemsOf(get(value, 'groups')).flatMap((item) => textOf(item) ?? []);
  const group = textOf(get(value, 'group')) ?? key;
  return present({
    uid: integerOf(get(value, 'uid')),
    group,
    groups: [...new Set(groups)].filter((name) => name !== group).sort(),
    shell: textOf(get(value, 'shell')) ?? (system ? '/usr/sbin/nologin' : '/bin/bash'),
    home: home ?? (system ? '/nonexistent' : `/home/${key}`),
    makeHome: !system || home !== undefined,
    comment: textOf(get(value, 'comment')) ?? '',
    system,
    removeHome: booleanOf(get(value, 'remove_home')) ?? false,
  });
}

function refuseRoot({ at }: Entry, path: string, problems: Problems): void {
  problems.add('conflict', {
    what: `${path}.root: root is not a user to declare`,
    why: 'every machine has it, and Ballast works as root',
    fix: 'remove it; what root may be reached with stands in sshd and ssh_keys',
    at,
  });
}

/** Groups of Debian's base system, which need not be declared. */
const baseGroups =
  'root daemon bin sys adm tty disk lp mail news uucp man proxy kmem dialout fax voice cdrom floppy tape sudo audio dip www-data backup operator list irc src shadow utmp video sasl plugdev staff games users nogroup systemd-journal systemd-network crontab input sgx kvm render netdev docker ssl-cert';
export const baseGroupNames: ReadonlySet<string> = new Set(baseGroups.split(' '));

/** A group that nobody declares and that no Debian machine has is a slip, unless a package makes it. */
function checkGroups({ key, value }: Entry, path: string, users: readonly string[], known: Known): void {
  const own = get(value, 'group');
  for (const item of [...itemsOf(get(value, 'groups')), ...(own ? [own] : [])]) {
    const name = textOf(item);
    if (name === undefined || name in known.groups || baseGroupNames.has(name)) continue;
    if (users.includes(name)) continue;
    if (!accountPattern.test(name)) {
      known.problems.add('bad-name', {
        what: `${path}.${key}: ${JSON.stringify(name)} is no name of a group`,
        at: item.at,
      });
      continue;
    }
    const near = suggest(name, [...Object.keys(known.groups), ...baseGroupNames]);
    known.problems.add('undefined-group', {
      what: `${path}.${key}: there is no group ${name}`,
      why: 'it is not declared, and Debian does not have it by itself',
      fix: near === undefined ? `declare it: groups: { ${name}: {} }` : `did you mean ${near}?`,
      at: item.at,
    });
  }
}

function checkNumbers(entries: readonly Entry[], path: string, problems: Problems): void {
  const owners = new Map<number, string>();
  for (const { key, value } of entries) {
    const written = get(value, 'uid');
    const uid = integerOf(written);
    if (uid === undefined) continue;
    const owner = owners.get(uid);
    if (owner !== undefined) {
      problems.add('conflict', {
        what: `${path}.${key}: ${owner} has the number ${uid} already`,
        why: 'two users of one number are one user to the kernel',
        fix: 'give it another uid',
        at: written?.at,
      });
    }
    owners.set(uid, key);
  }
}
