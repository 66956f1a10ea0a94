import { flag, honoured, integer, map, matching, object, texts } from '#spec/table/shape.ts';

/** Names of users and groups, as Debian's adduser takes them. */
export const accountPattern = /^[a-z_][a-z0-9_-]{0,31}$/;
export const accountIs = 'a name of at most 32 small letters, digits, - and _, beginning with a letter or _';
export const account = matching(accountPattern, accountIs);
const path = matching(/^\/[^\s:]*$/, 'an absolute path');
const identity = integer(1, 4_294_967_294);

const user = object(
  {
    uid: honoured(identity, 'its number', { example: '1500', byDefault: 'the next that is free' }),
    group: honoured(account, 'its primary group', { example: 'staff', byDefault: 'one of its own name' }),
    groups: honoured(texts, 'all other groups it is in', { example: '[adm]', byDefault: 'none' }),
    shell: honoured(path, 'what it logs in to', {
      example: '/bin/sh',
      byDefault: '`/bin/bash`, and `/usr/sbin/nologin` for one of the system',
    }),
    home: honoured(path, 'its home directory', {
      example: '/srv/deploy',
      byDefault: '`/home/NAME`; one of the system has none',
    }),
    comment: honoured(matching(/^[^:\n]*$/, 'one line without a colon'), 'its full name', {
      example: 'Ana Lopez',
    }),
    system: honoured(flag, 'belongs to the system and not to a person', { byDefault: 'false' }),
    remove_home: honoured(flag, 'when the user goes, its home directory goes with it', {
      byDefault: 'false: it stays',
    }),
  },
  { orNothing: true },
);

const group = object(
  {
    gid: honoured(identity, 'its number', { example: '1500', byDefault: 'the next that is free' }),
    system: honoured(flag, 'belongs to the system and not to people', { byDefault: 'false' }),
  },
  { orNothing: true },
);

const names = { orList: true, names: accountPattern, namesAre: accountIs };
export const users = map(user, names);
export const groups = map(group, names);
