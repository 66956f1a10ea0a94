import { basename } from '#base/path.ts';

const shells = new Set([
  ...[
    'sh',
    'bash',
    'dash',
    'rbash',
    'zsh',
    'ksh',
    'ash',
    'fish',
    'csh',
    'tcsh',
    'busybox',
    'expect',
    'tclsh',
  ],
  ...['env', 'su', 'sudo', 'nice', 'nohup', 'timeout', 'xargs', 'setsid', 'chroot', 'unshare', 'nsenter'],
  ...['perl', 'ruby', 'node', 'php', 'lua', 'awk', 'gawk', 'mawk', 'systemd-run'],
]);

/**
 * Why a command of a sudoers file lets people run anything; undefined when it does not, or when it says so itself by
 * ALL. A command without arguments may be given any.
 */
export function givesAll(command: string): string | undefined {
  const [program = '', ...rest] = command.trim().split(/\s+/);
  const name = basename(program);
  if (!shells.has(name) && !/^python[\d.]*$/.test(name)) return undefined;
  const first = rest.find((word) => !word.startsWith('-') || /[*?[]/.test(word));
  if (first !== undefined && !/[*?[]/.test(first)) return undefined;
  return first === undefined
    ? `without arguments it may be given any, and ${name} runs what it is given: that is all of root`
    : `${name} runs what it is given, and ${first} stands for anything: that is all of root`;
}

export const givesAllFix = 'write the script it is to run: /usr/local/bin/backup; or ALL, if that is meant';
