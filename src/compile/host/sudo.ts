import type { FileResource } from '#compile/manifest.ts';
import type { HostSudoModel } from '#spec/host-model.ts';
import { groupId, userId } from './accounts.ts';
import type { Asked } from './asked.ts';
import { settingsFile } from './files.ts';

/** One file for each rule, so that one that is wrong stands in nobody's way. */
export function sudoResources({ host, origin }: Asked): FileResource[] {
  return Object.entries(host.sudo).map(([name, rule]) =>
    settingsFile(origin('sudo', name), `/etc/sudoers.d/ballast-${name}`, sudoersText(rule), {
      mode: 0o440,
      after: [
        ...rule.users.filter((user) => user in host.users).map(userId),
        ...rule.groups.filter((group) => group in host.groups).map(groupId),
      ],
    }),
  );
}

/** Text of a sudoers file. */
export function sudoersText({ users, groups, as, commands }: HostSudoModel): string {
  const who = [...users, ...groups.map((group) => `%${group}`)].join(', ');
  return `${who} ALL=(${as}) NOPASSWD: ${commands.map(escaped).join(', ')}\n`;
}

/** A command with what means something in sudoers taken literally; stars and the like keep their meaning. */
const escaped = (command: string): string => command.replaceAll(/[,:=]/g, '\\$&');
