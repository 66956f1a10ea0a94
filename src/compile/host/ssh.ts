import type { Resource } from '#compile/manifest.ts';
import { directory } from '#compile/resources.ts';
import { userId } from './accounts.ts';
import type { Asked } from './asked.ts';
import { settingsFile } from './files.ts';

const keysFolder = '/etc/ssh/authorized_keys.d';
const settings = '/etc/ssh/sshd_config.d/40-ballast.conf';

/**
 * Keys and settings of the ssh server. The files of keys are root's and not in home directories: nobody adds to them,
 * and nobody leads root astray by a link.
 */
export function sshResources(asked: Asked): Resource[] {
  const { host, origin } = asked;
  const users = Object.keys(host.sshKeys);
  const folder = directory(origin('sshKeys'), keysFolder);
  const files = Object.entries(host.sshKeys).map(([user, lines]) =>
    settingsFile(
      origin('sshKeys', user),
      `${keysFolder}/${user}`,
      lines.map((line) => `${line}\n`).join(''),
      {
        after: [folder.id, ...(user in host.users ? [userId(user)] : [])],
      },
    ),
  );
  const keywords = Object.keys(host.sshd);
  const own = Object.entries(host.sshd).map(([keyword, value]) => `${keyword} ${value}\n`);
  // A Match ends with the file it stands in: what is read after it is for everybody again.
  const match =
    users.length === 0 ? [] : [`Match User ${users.join(',')}\n`, `  AuthorizedKeysFile ${keysFolder}/%u\n`];
  if (own.length + match.length === 0) return [];
  return [
    ...(users.length === 0 ? [] : [folder, ...files.map((one) => ({ ...one, confirm: true }))]),
    settingsFile(
      own.length === 0 ? origin('sshKeys') : origin('sshd', keywords.length === 1 ? keywords[0] : undefined),
      settings,
      [...own, ...match].join(''),
      // The server looks for keys there only once they are there.
      { mode: 0o600, after: files.map(({ id }) => id) },
    ),
  ];
}
