import { isAbsolute, joinPath, normalizePath } from '#base/path.ts';
import { suggest } from '#base/suggest.ts';
import type { GrantModel } from '#spec/model.ts';
import type { Tree } from '#spec/yaml/tree.ts';
import { entriesOf, get, itemsOf, textOf } from '#spec/yaml/tree.ts';
import type { ServiceScope } from './scope.ts';
import { at, complain } from './scope.ts';
import { modeOf } from './values.ts';

/** A grant and where it was written. */
export interface WrittenGrant {
  readonly grant: GrantModel;
  readonly tree: Tree;
}

/** Secrets or configs given to the service. Names without a directory land in `/run/secrets` or in `/`. */
export function grantsOf(scope: ServiceScope, kind: 'secrets' | 'configs'): readonly WrittenGrant[] {
  const known = entriesOf(get(scope.root, kind)).map((entry) => entry.key);
  return itemsOf(at(scope, kind)).flatMap((item) => {
    const source = textOf(get(item, 'source'));
    if (source === undefined) return [];
    if (!known.includes(source)) undefinedGrant(scope, kind, get(item, 'source') ?? item, source, known);
    const target = textOf(get(item, 'target')) ?? source;
    const path = isAbsolute(target)
      ? normalizePath(target)
      : joinPath(kind === 'secrets' ? '/run/secrets' : '/', target);
    const grant = {
      source,
      target: path,
      uid: ownerOf(scope, kind, get(item, 'uid')),
      gid: ownerOf(scope, kind, get(item, 'gid')),
      mode: modeOf(get(item, 'mode')) ?? 0o444,
    };
    return [{ grant, tree: item }];
  });
}

function undefinedGrant(
  scope: ServiceScope,
  kind: 'secrets' | 'configs',
  tree: Tree,
  name: string,
  known: readonly string[],
): void {
  const near = suggest(name, known);
  const example = kind === 'secrets' ? '{ external: true }' : `{ file: ./${name} }`;
  complain(scope, kind === 'secrets' ? 'undefined-secret' : 'undefined-config', tree, {
    what: `the ${kind.slice(0, -1)} ${name} is not defined`,
    fix:
      near === undefined
        ? `add it at the top level: ${kind}: { ${name}: ${example} }`
        : `did you mean ${near}?`,
  });
}

function ownerOf(scope: ServiceScope, kind: string, tree: Tree | undefined): number {
  const text = textOf(tree);
  if (text === undefined) return 0;
  if (/^\d{1,10}$/.test(text)) return Number(text);
  complain(scope, 'bad-value', tree, {
    what: `${kind}: ${text} is no number of a user or group`,
    why: 'the machine does not know the names inside the image',
    fix: 'use the number, for example "1000"',
  });
  return 0;
}
