/** What stops when a unit does, for units that no machine of a fleet can be without; undefined for all others. */
export function essentialFor(unit: string): string | undefined {
  return essentials.find(([pattern]) => pattern.test(unit))?.[1];
}

const essentials: readonly (readonly [pattern: RegExp, why: string])[] = [
  [/^sshd?\.(service|socket)$/, 'nobody could log in on the machine any more'],
  [/^dbus(-broker)?\.(service|socket)$/, 'nothing could be asked of systemd any more'],
  [/^systemd-journald([-@].*)?\.(service|socket)$/, 'nothing could be read of what happens on the machine'],
  [/^systemd-logind\.service$/, 'logins could not end in order any more'],
  [/^systemd-networkd\.(service|socket)$/, 'the machine could lose its network'],
  [/^networking\.service$/, 'the machine could lose its network'],
  [/^systemd-udevd.*\.(service|socket)$/, 'devices would not come any more'],
  [
    /^systemd-(sysusers|tmpfiles-setup(-dev)?|sysctl|modules-load|remount-fs|random-seed|user-sessions)\.service$/,
    'the machine would not come up whole',
  ],
  [/^(user|user-runtime-dir|getty)@.*\.service$/, 'logins need it'],
  [
    /^(basic|sysinit|multi-user|default|local-fs|network|network-online|sockets|timers|paths|shutdown|reboot)\.target$/,
    'the machine would not come up',
  ],
  [/^(-|system|user|machine)\.slice$/, 'everything on the machine runs in it'],
];
