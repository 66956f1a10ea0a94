import { z } from 'zod';
import type { HostModel } from '#spec/host-model.ts';
import { amount, dictionary, integer, maybe, natural, schemaOf, text } from './schema-check.ts';

const account = z.string().regex(/^[a-z_][a-z0-9_-]{0,31}$/, 'a name of a user or group');
const path = z.string().regex(/^\/[^\0\n]*$/, 'an absolute path');
const unitName = z.string().regex(/^[\w@:.\\-]+\.[a-z]+$/, 'a name of a unit');
const line = z.string().regex(/^[^\0\n]*$/, 'one line');
const mode = z.int().min(0).max(0o7777);
const look = { mode, owner: text, group: text };

const user = z.strictObject({
  uid: maybe(natural),
  group: account,
  groups: z.array(account),
  shell: path,
  home: path,
  makeHome: z.boolean(),
  comment: line,
  system: z.boolean(),
  removeHome: z.boolean(),
});

const file = z.strictObject({
  ...look,
  content: maybe(text),
  secret: maybe(text),
  template: z.boolean(),
  restart: z.array(unitName),
  reload: z.array(unitName),
});

const unit = z.strictObject({
  content: maybe(text),
  template: z.boolean(),
  dropIn: maybe(text),
  enabled: z.boolean(),
  active: z.union([z.boolean(), z.literal('any')]),
  masked: z.boolean(),
});

const sudo = z.strictObject({
  users: z.array(account),
  groups: z.array(account),
  as: account,
  commands: z.array(line),
});

const packageName = z.string().regex(/^[a-z0-9][a-z0-9+.-]+$/, 'a name of a package');

export const hostModel = schemaOf<HostModel>()(
  z
    .strictObject({
      timezone: maybe(z.string().regex(/^[A-Za-z0-9_+/-]+$/, 'a time zone')),
      packages: dictionary(
        z.strictObject({ version: maybe(line), hold: z.boolean(), absent: z.boolean() }),
        packageName,
      ),
      directories: dictionary(z.strictObject(look), path),
      files: dictionary(file, path),
      groups: dictionary(z.strictObject({ gid: maybe(natural), system: z.boolean() }), account),
      users: dictionary(user, account),
      sudo: dictionary(sudo, account),
      sshKeys: dictionary(z.array(line), account),
      sshd: dictionary(line),
      sysctl: dictionary(line),
      modules: dictionary(z.strictObject({ options: line })),
      units: dictionary(unit, unitName),
      mounts: dictionary(z.strictObject({ what: line, type: line, options: z.array(line) }), path),
      certificates: dictionary(text, z.string().regex(/^[a-zA-Z0-9][\w.-]*$/, 'a name of a certificate')),
      swap: maybe(z.strictObject({ path, sizeBytes: natural, priority: maybe(integer) })),
      journal: z.strictObject({
        maxUseBytes: maybe(natural),
        keepFreeBytes: maybe(natural),
        maxFileBytes: maybe(natural),
        maxAgeMs: maybe(amount),
        storage: maybe(z.enum(['persistent', 'volatile', 'auto'])),
      }),
    })
    .meta({ id: 'Host' }),
);
