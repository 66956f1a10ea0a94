import type { HostModel } from '#spec/host-model.ts';
import type { Problems } from '#spec/problems.ts';
import type { Tree } from '#spec/yaml/tree.ts';
import { get } from '#spec/yaml/tree.ts';
import { groupsOf, usersOf } from './accounts.ts';

/** What a checked `host` section means. */
export function hostOf(tree: Tree, path: string, problems: Problems): HostModel {
  const groups = groupsOf(get(tree, 'groups'));
  return { groups, users: usersOf(get(tree, 'users'), `${path}.users`, { groups, problems }) };
}
