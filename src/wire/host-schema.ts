import { z } from 'zod';
import type { HostModel } from '#spec/host-model.ts';
import { dictionary, maybe, natural, schemaOf, text } from './schema-check.ts';

const account = z.string().regex(/^[a-z_][a-z0-9_-]{0,31}$/, 'a name of a user or group');

const user = z.strictObject({
  uid: maybe(natural),
  group: account,
  groups: z.array(account),
  shell: text,
  home: text,
  makeHome: z.boolean(),
  comment: text,
  system: z.boolean(),
  removeHome: z.boolean(),
});

const group = z.strictObject({ gid: maybe(natural), system: z.boolean() });

export const hostModel = schemaOf<HostModel>()(
  z
    .strictObject({ users: dictionary(user, account), groups: dictionary(group, account) })
    .meta({ id: 'Host' }),
);
