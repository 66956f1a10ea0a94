import { basename, dirname, joinPath } from '#base/path.ts';
import type { Origin, Problem, Result } from '#base/result.ts';
import type { AppModel, Origins } from '#spec/model.ts';
import { collectProblems } from '#spec/problems.ts';
import { check } from '#spec/table/check.ts';
import type { Mapping, Tree } from '#spec/yaml/tree.ts';
import { entriesOf, get, textOf, textsOf } from '#spec/yaml/tree.ts';
import { besideOwner } from './companions.ts';
import { crossCheck } from './cross-checks.ts';
import { parseEnvFile } from './dotenv.ts';
import { appShape } from './keys/app.ts';
import { appIs, appPattern } from './keys/name.ts';
import type { Scope } from './normal/scope.ts';
import type { WrittenService } from './normal/service.ts';
import { serviceOf } from './normal/service.ts';
import { sharedConfigsOf, sharedNetworksOf, sharedSecretsOf, sharedVolumesOf } from './normal/shared.ts';
import { sortKeys } from './normal/values.ts';
import { originsOf } from './origins.ts';
import { loadProject } from './project.ts';
import type { Source, Variables } from './source.ts';
import { lookupIn } from './source.ts';

export interface LoadInput {
  /** Absolute paths of Compose files, in the order in which they are merged. */
  readonly files: readonly string[];
  /** The text of a file by absolute path; undefined when it cannot be read. */
  readonly read: (path: string) => string | undefined;
  /** Whether a file or directory is there; absent: build contexts and secret files are not looked for. */
  readonly exists?: (path: string) => boolean;
  /** The environment of the process. It goes before `.env` beside the first file. */
  readonly env: Variables;
  /** Goes before COMPOSE_PROJECT_NAME, `name:` and the directory's name. */
  readonly projectName?: string;
  /** Absent: those of COMPOSE_PROFILES. `*` asks for all. */
  readonly profiles?: readonly string[];
}

export interface LoadedApp {
  readonly model: AppModel;
  readonly origins: Origins;
}

/** The app that Compose files describe, or every problem in them. Pure: files come through `read`. */
export function loadApp(input: LoadInput): Result<LoadedApp> {
  const problems = collectProblems('compose');
  const source: Source = {
    read: input.read,
    problems,
    ...(input.exists === undefined ? {} : { exists: input.exists }),
  };
  const first = input.files[0];
  if (first === undefined) {
    problems.add('missing-file', { what: 'no Compose file was named', fix: 'name one with -f' });
    return { ok: false, problems: problems.found() };
  }
  const dir = dirname(first);
  const env = environment(dir, input, source);
  const named = nameBefore(dir, input, env, source);
  const variables = { ...env, COMPOSE_PROJECT_NAME: named };
  const root = loadProject({ files: input.files, dir, variables, includedBy: [] }, source);
  if (root === undefined) {
    const found = problems.found();
    if (found.length === 0) problems.add('missing-key', empty(first));
    return { ok: false, problems: problems.found() };
  }
  check(root, appShape, '', problems);
  const app = checkedName(input, env, named, root, source);
  const scope: Scope = { app, root, source, lookup: lookupIn(variables) };
  const model = modelOf(scope, profilesOf(input, env));
  const found = problems.found();
  if (found.length > 0) return { ok: false, problems: found };
  return withWarnings({ model, origins: originsOf(root) }, problems.warnings());
}

const empty = (file: string): { what: string; fix: string; at: Origin } => ({
  what: 'the file is empty',
  fix: 'a Compose file begins like this: services: { web: { image: NAME } }',
  at: { file, line: 1, column: 1 },
});

const withWarnings = (value: LoadedApp, warnings: readonly Problem[]): Result<LoadedApp> =>
  warnings.length === 0 ? { ok: true, value } : { ok: true, value, warnings };

/** The environment of the process over `.env` beside the first file. */
function environment(dir: string, input: LoadInput, source: Source): Variables {
  const file = joinPath(dir, '.env');
  const text = input.read(file);
  if (text === undefined) return input.env;
  return { ...parseEnvFile({ file, text, lookup: lookupIn(input.env) }, source.problems), ...input.env };
}

/**
 * The app's name as variables see it, which is before the files are loaded: only a `name:` that uses variables
 * itself needs a look into the files first.
 */
function nameBefore(dir: string, input: LoadInput, env: Variables, source: Source): string {
  const given = input.projectName ?? lookupIn(env)('COMPOSE_PROJECT_NAME');
  if (given !== undefined && given !== '') return given;
  const quiet = collectProblems('compose');
  const files = [...input.files].reverse();
  for (const file of files) {
    const text = source.read(file);
    // In one mapping written with braces, as JSON is, keys stand anywhere.
    if (text === undefined || !/^["']?name["']?\s*:|^\s*\{/m.test(text)) continue;
    const plain = /^name:[ \t]+([a-z0-9_-]+)[ \t]*$/m.exec(text)?.[1];
    if (plain !== undefined) return plain;
    const alone = { files: [file], dir, variables: env, includedBy: [] };
    const bare = { ...source, problems: quiet, read: (path: string) => (path === file ? text : undefined) };
    const name = textOf(get(loadProject(alone, bare), 'name'));
    if (name !== undefined) return name;
  }
  return nameOfDirectory(dir);
}

/** A directory's name made into one an app can have, as Compose does. */
function nameOfDirectory(dir: string): string {
  const name = basename(dir)
    .toLowerCase()
    .replace(/[^a-z0-9_-]/g, '')
    .replace(/^[_-]+/, '');
  return name === '' ? 'app' : name.slice(0, 63);
}

function checkedName(input: LoadInput, env: Variables, name: string, root: Mapping, source: Source): string {
  if (appPattern.test(name)) return name;
  const written = get(root, 'name');
  const given = input.projectName ?? lookupIn(env)('COMPOSE_PROJECT_NAME');
  if (given === undefined && textOf(written) === name) return name;
  source.problems.add('bad-name', {
    what: `${JSON.stringify(name)} cannot be the name of an app`,
    fix: `${input.projectName === undefined ? 'set COMPOSE_PROJECT_NAME to' : 'choose'} ${appIs}`,
  });
  return name;
}

const profilesOf = (input: LoadInput, env: Variables): readonly string[] =>
  input.profiles ??
  (lookupIn(env)('COMPOSE_PROFILES') ?? '')
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');

function modelOf(scope: Scope, profiles: readonly string[]): AppModel {
  const entries = entriesOf(get(scope.root, 'services')).filter(
    ({ key, value }) => value.kind === 'mapping' && !key.startsWith('x-'),
  );
  const active = entries.filter(({ value }) => {
    const own = textsOf(get(value, 'profiles'));
    return own.length === 0 || own.some((name) => profiles.includes(name)) || profiles.includes('*');
  });
  const awaited = new Set(
    active.flatMap(({ value }) =>
      entriesOf(get(value, 'depends_on'))
        .filter((entry) => textOf(get(entry.value, 'condition')) === 'service_completed_successfully')
        .map((entry) => entry.key),
    ),
  );
  const services = new Map<string, WrittenService>();
  for (const { key, value, at } of [...active].sort((a, b) => (a.key < b.key ? -1 : 1))) {
    const service: Tree = { ...value, at };
    if (service.kind !== 'mapping') continue;
    services.set(key, serviceOf({ ...scope, name: key, service }, awaited.has(key)));
  }
  crossCheck(
    scope,
    services,
    entries.map((entry) => entry.key),
  );
  noteVersion(scope);
  const models = [...services].map(([name, { model }]) => {
    // A dependency that is not required and was left out by its profile is as good as none.
    const dependsOn = model.dependsOn.filter(({ service }) => services.has(service));
    const owner = services.get(model.networkOf ?? '')?.model;
    return [name, besideOwner({ ...model, dependsOn }, owner)] as const;
  });
  const usesDefault = models.some(([, model]) => 'default' in model.networks);
  return {
    name: scope.app,
    services: sortKeys(Object.fromEntries(models)),
    networks: sharedNetworksOf(scope, usesDefault),
    volumes: sharedVolumesOf(scope),
    secrets: sharedSecretsOf(scope),
    configs: sharedConfigsOf(scope),
  };
}

function noteVersion(scope: Scope): void {
  const version = scope.root.entries.get('version');
  if (version === undefined) return;
  scope.source.problems.warn('ignored-key', {
    what: 'version has no meaning any more',
    why: 'Compose dropped it, and the newest specification always holds',
    fix: 'remove it',
    at: version.at,
  });
}
