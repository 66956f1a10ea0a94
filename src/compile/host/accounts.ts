import type { GroupResource, UserResource } from '#compile/manifest.ts';
import type { Asked } from './asked.ts';

export const userId = (name: string): string => `user:${name}`;
export const groupId = (name: string): string => `group:${name}`;

export function groupResources({ host, origin }: Asked): GroupResource[] {
  return Object.entries(host.groups).map(([name, group]) => ({
    kind: 'group',
    id: groupId(name),
    name,
    ...group,
    after: [],
    origin: origin('groups', name),
  }));
}

export function userResources({ host, origin }: Asked): UserResource[] {
  return Object.entries(host.users).map(([name, user]) => ({
    kind: 'user',
    id: userId(name),
    name,
    ...user,
    after: [...new Set([user.group, ...user.groups])].filter((group) => group in host.groups).map(groupId),
    origin: origin('users', name),
    // Nobody comes in by an account of the system.
    ...(user.system ? {} : { confirm: true }),
  }));
}
