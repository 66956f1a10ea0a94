import { isAbsolute, joinPath, resolvePath } from '#base/path.ts';
import { present } from '#base/present.ts';
import type { BuildModel } from '#spec/model.ts';
import type { Tree } from '#spec/yaml/tree.ts';
import { booleanOf, entriesOf, get, textOf, textsOf } from '#spec/yaml/tree.ts';
import { extraHostsOf } from './network.ts';
import { ulimitsOf } from './process.ts';
import type { ServiceScope } from './scope.ts';
import { at, complain } from './scope.ts';
import { bytesOf, pairsOf, sortKeys } from './values.ts';

/** `build` with absolute paths; whether they are there is asked of the source. */
export function buildOf(scope: ServiceScope): BuildModel | undefined {
  const tree = at(scope, 'build');
  if (tree?.kind !== 'mapping') return undefined;
  const told = (place: Tree, what: string): void =>
    complain(scope, 'bad-value', place, { what: `build: ${what}` });
  const context = contextOf(scope, tree);
  const inline = textOf(get(tree, 'dockerfile_inline'));
  const platforms = textsOf(get(tree, 'platforms'));
  if (platforms.length > 1) {
    complain(scope, 'refused-value', get(tree, 'platforms'), {
      what: `build.platforms names ${platforms.length} platforms`,
      why: 'images for several platforms at once are not supported yet',
      fix: 'keep the platform of your machines',
    });
  }
  if (inline !== undefined && get(tree, 'dockerfile') !== undefined) {
    complain(scope, 'conflict', get(tree, 'dockerfile'), {
      what: 'build.dockerfile and build.dockerfile_inline exclude each other',
      fix: 'remove one of them',
    });
  }
  return present({
    context,
    file: inline === undefined ? fileOf(scope, tree, context) : undefined,
    inline,
    args: pairsOf(get(tree, 'args'), ({ key }) => scope.lookup(key)),
    target: textOf(get(tree, 'target')),
    labels: pairsOf(get(tree, 'labels')),
    network: textOf(get(tree, 'network')),
    noCache: booleanOf(get(tree, 'no_cache')) ?? false,
    pull: booleanOf(get(tree, 'pull')) ?? false,
    additionalContexts: contextsOf(scope, get(tree, 'additional_contexts')),
    extraHosts: extraHostsOf(get(tree, 'extra_hosts'), told),
    shmSizeBytes: bytesOf(get(tree, 'shm_size')),
    ulimits: get(tree, 'ulimits') === undefined ? undefined : ulimitsOf(get(tree, 'ulimits'), told),
    platforms,
    tags: textsOf(get(tree, 'tags')),
  });
}

const isRemote = (path: string): boolean => /^([a-z][a-z0-9+.-]*:\/\/|git@|github\.com\/)/i.test(path);

function contextOf(scope: ServiceScope, tree: Tree): string {
  const written = get(tree, 'context');
  const path = textOf(written) ?? '.';
  if (isRemote(path)) {
    complain(scope, 'refused-value', written, {
      what: `build.context ${path} is not on this computer`,
      why: 'a build takes the files that lie beside the Compose file, so that you know what is in it',
      fix: 'clone it, and name the directory',
    });
    return path;
  }
  const context = resolvePath((written ?? tree).dir, path);
  if (scope.source.exists && !scope.source.exists(context)) {
    complain(scope, 'missing-build-context', written ?? tree, {
      what: `the build context ${context} does not exist`,
      fix: 'create the directory, or correct build.context',
    });
  }
  return context;
}

function fileOf(scope: ServiceScope, tree: Tree, context: string): string {
  const written = get(tree, 'dockerfile');
  const name = textOf(written);
  const { exists } = scope.source;
  const there = (path: string): boolean => exists === undefined || exists(path);
  if (name !== undefined) {
    const file = isAbsolute(name) ? name : joinPath(context, name);
    if (there(context) && !there(file)) {
      complain(scope, 'missing-containerfile', written, {
        what: `the Containerfile ${file} does not exist`,
        why: 'build.dockerfile is seen from the build context',
        fix: 'create it, or correct build.dockerfile',
      });
    }
    return file;
  }
  const container = joinPath(context, 'Containerfile');
  if (exists?.(container)) return container;
  const docker = joinPath(context, 'Dockerfile');
  if (there(context) && !there(docker)) {
    complain(scope, 'missing-containerfile', tree, {
      what: `${context} holds neither a Containerfile nor a Dockerfile`,
      fix: 'create one, or name it: build: { context: …, dockerfile: … }',
    });
  }
  return docker;
}

function contextsOf(scope: ServiceScope, tree: Tree | undefined): Readonly<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const { key, value } of entriesOf(tree)) {
    const text = textOf(value);
    if (text === undefined) continue;
    if (/^(docker-image|container-image):\/\//.test(text)) found[key] = text;
    else if (isRemote(text) || text.startsWith('service:')) {
      complain(scope, 'refused-value', value, {
        what: `build.additional_contexts: ${text} is refused`,
        why: 'not supported yet',
        fix: 'name a directory, or an image as docker-image://NAME',
      });
    } else {
      found[key] = resolvePath(value.dir, text);
      if (scope.source.exists && !scope.source.exists(found[key])) {
        complain(scope, 'missing-build-context', value, {
          what: `the build context ${found[key]} does not exist`,
        });
      }
    }
  }
  return sortKeys(found);
}
