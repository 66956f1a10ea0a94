import { suggest } from '#base/suggest.ts';
import { sortKeys } from '#spec/compose/normal/values.ts';
import type { HostModel, HostSudoModel } from '#spec/host-model.ts';
import { givesAll, givesAllFix } from '#spec/sudo-shell.ts';
import type { Entry, Tree } from '#spec/yaml/tree.ts';
import { entriesOf, get, itemsOf, textOf } from '#spec/yaml/tree.ts';
import { accountPattern } from './account-keys.ts';
import { namesOf, type Reading } from './reading.ts';

export function sudoOf(
  tree: Tree | undefined,
  users: HostModel['users'],
  reading: Reading,
): HostModel['sudo'] {
  return sortKeys(
    Object.fromEntries(
      entriesOf(tree).map((entry): [string, HostSudoModel] => [entry.key, ruleOf(entry, users, reading)]),
    ),
  );
}

function ruleOf(entry: Entry, users: HostModel['users'], reading: Reading): HostSudoModel {
  const { key, value } = entry;
  const [named, groups] = [namesOf(get(value, 'users')), namesOf(get(value, 'groups'))];
  const rule = {
    users: named.length === 0 && groups.length === 0 ? [key] : named,
    groups,
    as: textOf(get(value, 'as')) ?? 'root',
    commands: namesOf(get(value, 'commands')),
  };
  checkRule(entry, rule, users, reading);
  return rule;
}

function checkRule(
  { key, value, at }: Entry,
  rule: HostSudoModel,
  users: HostModel['users'],
  { path, problems }: Reading,
): void {
  const place = `${path}.sudo.${key}`;
  for (const name of rule.users) {
    if (name in users) continue;
    const written = itemsOf(get(value, 'users')).find((item) => textOf(item) === name)?.at ?? at;
    if (name === 'root') {
      problems.add('conflict', {
        what: `${place}: root needs no sudo`,
        why: 'it may do everything already',
        fix: 'remove it',
        at: written,
      });
      continue;
    }
    const near = suggest(name, Object.keys(users));
    problems.add('undefined-user', {
      what: `${place}: there is no user ${name}`,
      why: 'it is not declared under users',
      fix: near === undefined ? `declare it: users: { ${name}: {} }` : `did you mean ${near}?`,
      at: written,
    });
  }
  for (const item of itemsOf(get(value, 'groups'))) {
    const name = textOf(item);
    if (name === undefined || accountPattern.test(name)) continue;
    problems.add('bad-name', {
      what: `${place}: ${JSON.stringify(name)} is no name of a group`,
      at: item.at,
    });
  }
  for (const item of itemsOf(get(value, 'commands'))) {
    const command = textOf(item);
    if (command === undefined || command === 'ALL') continue;
    const [fault, all] = [faultOf(command), givesAll(command)];
    const why = fault ?? all;
    if (why === undefined) continue;
    problems.add('bad-value', {
      what: fault
        ? `${place}: sudo cannot take the command ${JSON.stringify(command)}`
        : `${place}: ${JSON.stringify(command)} is any command`,
      why,
      fix: fault ? 'for example "/usr/bin/systemctl restart app.service"' : givesAllFix,
      at: item.at,
    });
  }
}

function faultOf(command: string): string | undefined {
  if (/[\n\r\0]/.test(command)) return 'it has more than one line';
  if (!command.startsWith('/')) return 'it has to begin with the absolute path of a program';
  const odd = /["#!()<>|&;`\\]/.exec(command)?.[0];
  if (odd !== undefined) return `it has ${odd} in it, which means something else in a sudoers file`;
  if (command.split(' ')[0]?.includes('*')) return 'a star for the program itself lets people run anything';
  return undefined;
}
