import type { Keys, Shape } from '#spec/table/shape.ts';
import {
  choice,
  duration,
  flag,
  honoured,
  integer,
  map,
  matching,
  object,
  pairs,
  size,
  text,
  textOrNumber,
  texts,
} from '#spec/table/shape.ts';
import { account, accountIs, accountPattern, groups, users } from './account-keys.ts';

const path = matching(/^\/[^\s\0]*$/, 'an absolute path');
const absolute = { names: /^\/[^\s\0]+$/, namesAre: 'an absolute path' };
const named = (of: Shape, names: RegExp, namesAre: string): Shape => map(of, { names, namesAre });
const unitIs = 'the full name of a unit, as backup.timer';
const unitPattern = /^[\w@:.\\-]+\.(service|socket|timer|path|target|mount|swap|slice|automount)$/;
const mode = {
  kind: 'text',
  orNumber: true,
  pattern: /^0?o?[0-7]{3,4}$/,
  is: 'an octal mode such as 0644',
} as const;

const look = (mode0: string): Keys => ({
  mode: honoured(mode, 'permissions', { example: '0750', byDefault: mode0 }),
  owner: honoured(text, 'whose it is', { byDefault: 'root' }),
  group: honoured(text, 'the group it belongs to', { byDefault: 'root' }),
});

const body: Keys = {
  content: honoured(text, 'its text'),
  source: honoured(text, 'a file beside the fleet file that is its text', { example: './motd' }),
  template: honoured(
    flag,
    '`{{machine.name}}`, `{{machine.address}}`, `{{machine.index}}`, `{{machine.pool}}`, `{{fleet.name}}` and `{{labels.KEY}}` in it are filled in',
    { byDefault: 'false' },
  ),
};

const packages = map(
  object(
    {
      version: honoured(textOrNumber, 'the version, as apt calls it; may end with *', { example: '"1.26*"' }),
      hold: honoured(flag, 'stays as it is when the system is upgraded', { byDefault: 'false' }),
      absent: honoured(flag, 'must not be there', { byDefault: 'false' }),
    },
    { orNothing: true },
  ),
  { orList: true, names: /^[a-z0-9][a-z0-9+.-]+$/, namesAre: 'a name of a Debian package' },
);

const file = object(
  {
    ...body,
    ...look('0644'),
    secret: honoured(text, 'name of the secret that is its content', { example: 'tls_key' }),
    restart: honoured(texts, 'units that start anew when it changes', { example: '[nginx.service]' }),
    reload: honoured(texts, 'units that read it again when it changes', { example: '[nginx.service]' }),
  },
  { short: 'content' },
);

const sudo = object({
  users: honoured(texts, 'who may', { byDefault: 'the user that the entry is named after' }),
  groups: honoured(texts, 'groups whose members may', { byDefault: 'none' }),
  as: honoured(account, 'as whom', { byDefault: 'root' }),
  commands: honoured(texts, 'what, each with its absolute path; or ALL', {
    required: true,
    example: '["/usr/bin/systemctl status *"]',
  }),
});

const unit = object(
  {
    ...body,
    drop_in: honoured(text, 'lines that are read after the unit’s own file', {
      example: '"[Service]\\nMemoryMax=1G\\n"',
    }),
    enabled: honoured(flag, 'starts at boot', { byDefault: 'true when it has an `[Install]` section' }),
    active: honoured(flag, 'runs', { byDefault: 'as `enabled`; a oneshot is left to itself' }),
    masked: honoured(flag, 'cannot be started at all', { byDefault: 'false' }),
  },
  { orNothing: true },
);

const mount = object({
  what: honoured(text, 'device, or what else the type takes', { required: true, example: '/dev/sdb1' }),
  type: honoured(text, 'kind of file system', { required: true, example: 'ext4' }),
  options: honoured(texts, 'how it is mounted', { example: '[noatime]', byDefault: '`[defaults]`' }),
});

const swap = object(
  {
    size: honoured(size, 'its size', { required: true, example: '2G' }),
    path: honoured(path, 'where the file is', { byDefault: '`/swapfile`' }),
    priority: honoured(integer(-1, 32_767), 'higher ones are used first'),
  },
  { short: 'size' },
);

const journal = object({
  max_use: honoured(size, 'disk that the journal may take', { example: '500M' }),
  keep_free: honoured(size, 'disk that it leaves to others', { example: '1G' }),
  max_file: honoured(size, 'size of one of its files', { example: '64M' }),
  max_age: honoured(duration, 'how long lines are kept', { example: '168h' }),
  storage: honoured(choice('persistent', 'volatile', 'auto'), 'on disk, in memory, or on disk if it can be'),
});

/** Every key of `host`. */
const hostKeys: Keys = {
  timezone: honoured(text, 'time zone', { example: 'Europe/Berlin', byDefault: 'as it is' }),
  packages: honoured(packages, 'Debian packages', { example: '[htop]' }),
  directories: honoured(
    map(object(look('0755'), { orNothing: true }), { ...absolute, orList: true }),
    'directories, by path',
    { example: '{ /srv/data: { mode: 0750, owner: deploy } }' },
  ),
  files: honoured(map(file, absolute), 'files, by path; one that was there before comes back', {
    example: '{ /etc/motd: { source: ./motd } }',
  }),
  groups: honoured(groups, 'groups, by name', { example: '[staff]' }),
  users: honoured(users, 'accounts, by name; none has a password', {
    example: '{ deploy: { groups: [adm] } }',
  }),
  sudo: honoured(named(sudo, accountPattern, accountIs), 'what users may run as root, without a password', {
    example: '{ deploy: { commands: ["/usr/bin/systemctl restart app"] } }',
  }),
  ssh_keys: honoured(
    named(texts, accountPattern, accountIs),
    'keys that open an account over ssh, and no others: those in the home directory do not count any more',
    { example: '{ deploy: ["ssh-ed25519 AAAA… ana"] }' },
  ),
  sshd: honoured(pairs, 'settings of the ssh server', { example: '{ PasswordAuthentication: no }' }),
  sysctl: honoured(pairs, 'kernel settings, now and after a boot', { example: '{ vm.swappiness: 10 }' }),
  modules: honoured(
    map(
      object(
        { options: honoured(text, 'what it is loaded with', { example: '"max_loop=64"' }) },
        { orNothing: true },
      ),
      { orList: true, names: /^[a-zA-Z0-9_-]+$/, namesAre: 'a name of a kernel module' },
    ),
    'kernel modules, loaded now and after a boot',
    { example: '[br_netfilter]' },
  ),
  units: honoured(named(unit, unitPattern, unitIs), 'systemd units and timers, by full name', {
    example: '{ apt-daily.timer: { masked: true } }',
  }),
  // What the system itself lives in is refused with its reason.
  mounts: honoured(
    map(mount, { ...absolute, names: path.pattern ?? absolute.names }),
    'file systems, by the directory they are seen at',
    {
      example: '{ /srv/data: { what: /dev/sdb1, type: ext4 } }',
    },
  ),
  certificates: honoured(
    named(
      object(
        {
          content: honoured(text, 'the certificate, PEM'),
          source: honoured(text, 'a file beside the fleet file', { example: './ca.pem' }),
        },
        { short: 'source' },
      ),
      /^[a-zA-Z0-9][\w.-]*$/,
      'a name of letters, digits, dots, - and _',
    ),
    'authorities that the machine trusts, by name',
    { example: '{ corp: ./corp-ca.pem }' },
  ),
  swap: honoured(swap, 'swap file', { example: '2G', byDefault: 'none' }),
  journal: honoured(journal, 'limits of the journal', { example: '{ max_use: 500M }' }),
};

export const hostShape = object(hostKeys);
