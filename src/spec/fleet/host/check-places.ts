import { dirname } from '#base/path.ts';
import { suggest } from '#base/suggest.ts';
import type { HostModel } from '#spec/host-model.ts';
import type { Tree } from '#spec/yaml/tree.ts';
import { entriesOf, get, itemsOf, textOf } from '#spec/yaml/tree.ts';
import { checkOwners } from './check-owners.ts';
import type { Reading } from './reading.ts';

/** What only shows when all parts of a `host` section are seen together. */
export function checkPlaces(host: HostModel, tree: Tree, reading: Reading): void {
  checkTwice(host, tree, reading);
  checkUnitsOfFiles(host, tree, reading);
  checkOwners(host, tree, reading);
}

/** One path has one keeper: a file cannot be a directory, a unit's file or the swap file as well. */
function checkTwice(host: HostModel, tree: Tree, { path, problems }: Reading): void {
  const owners = new Map<string, string>([
    ...Object.keys(host.directories).map((one): [string, string] => [one, 'directories']),
    ...Object.entries(host.units).flatMap(([name, { content }]): [string, string][] =>
      content === undefined ? [] : [[`/etc/systemd/system/${name}`, 'units']],
    ),
    ...(host.swap ? [[host.swap.path, 'swap'] as const] : []),
  ]);
  for (const { key, at } of entriesOf(get(tree, 'files'))) {
    const owner = owners.get(key);
    // What lies below a file cannot be.
    const above = Object.hasOwn(host.files, dirname(key)) ? dirname(key) : undefined;
    if (owner === undefined && above === undefined) continue;
    problems.add('conflict', {
      what:
        owner === undefined
          ? `${path}.files.${key}: ${above} is a file, and nothing can be below it`
          : `${path}.files.${key}: ${path}.${owner} has the same path`,
      fix: 'remove one of the two',
      at,
    });
  }
}

/** `reload: [nginx]` without its ending would be told to nobody. */
function checkUnitsOfFiles(host: HostModel, tree: Tree, { path, problems }: Reading): void {
  const known = Object.keys(host.units);
  for (const { key, value } of entriesOf(get(tree, 'files'))) {
    for (const item of [...itemsOf(get(value, 'restart')), ...itemsOf(get(value, 'reload'))]) {
      const name = textOf(item);
      if (name === undefined || /^[\w@:.\\-]+\.[a-z]+$/.test(name)) continue;
      const near = suggest(name, known) ?? (/^[\w@:-]+$/.test(name) ? `${name}.service` : undefined);
      problems.add('bad-name', {
        what: `${path}.files.${key}: ${JSON.stringify(name)} is no full name of a unit`,
        fix: near === undefined ? 'write it as nginx.service' : `did you mean ${near}?`,
        at: item.at,
      });
    }
  }
}
