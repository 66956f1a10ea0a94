import { suggest } from '#base/suggest.ts';
import type { HostModel } from '#spec/host-model.ts';
import type { Tree } from '#spec/yaml/tree.ts';
import { entriesOf, get, textOf } from '#spec/yaml/tree.ts';
import { baseGroupNames } from './accounts.ts';
import type { Reading } from './reading.ts';

/** Accounts of Debian's base system, which need not be declared. */
const baseUsers =
  'root daemon bin sys sync games man lp mail news uucp proxy www-data backup list irc nobody _apt systemd-network systemd-timesync systemd-resolve messagebus sshd';
const baseUserNames: ReadonlySet<string> = new Set(baseUsers.split(' '));

/**
 * A file or directory has an owner that is there. Whose account may come with a package can only be warned of; nobody
 * is told twice of a group that has no declaration.
 */
export function checkOwners(host: HostModel, tree: Tree, reading: Reading): void {
  const users = [...Object.keys(host.users), ...reading.accounts];
  const groups = [
    ...Object.keys(host.groups),
    ...Object.values(host.users).map(({ group }) => group),
    ...users,
  ];
  const brought = Object.values(host.packages).some(({ absent }) => !absent);
  for (const kind of ['files', 'directories'] as const) {
    for (const { key, value } of entriesOf(get(tree, kind))) {
      for (const role of ['owner', 'group'] as const) {
        const written = get(value, role);
        const name = textOf(written);
        const known = role === 'owner' ? users : groups;
        const base = role === 'owner' ? baseUserNames : baseGroupNames;
        if (name === undefined || /^\d+$/.test(name) || known.includes(name) || base.has(name)) continue;
        const near = suggest(name, [...known, ...base]);
        const noun = role === 'owner' ? 'user' : 'group';
        const complaint = {
          what: `${reading.path}.${kind}.${key}: there is no ${noun} ${name}`,
          why: brought
            ? 'it is not declared, and Debian does not have it by itself; unless a package makes it, this cannot work'
            : 'it is not declared, and Debian does not have it by itself',
          fix: near === undefined ? `declare it: ${noun}s: { ${name}: {} }` : `did you mean ${near}?`,
          at: written?.at,
        };
        const code = role === 'owner' ? 'undefined-user' : 'undefined-group';
        if (brought) reading.problems.warn(code, complaint);
        else reading.problems.add(code, complaint);
      }
    }
  }
}
