import { resolvePath } from '#base/path.ts';
import { parseEnvFile } from '#spec/compose/dotenv.ts';
import type { ProblemCode } from '#spec/problems.ts';
import type { Tree } from '#spec/yaml/tree.ts';
import { booleanOf, entriesOf, get, itemsOf, textOf } from '#spec/yaml/tree.ts';
import type { ServiceScope } from './scope.ts';
import { at, complain } from './scope.ts';
import { pairsOf, sortKeys } from './values.ts';

/** Variables of the service: env files in their order, then `environment` over them. */
export function environmentOf(scope: ServiceScope): Readonly<Record<string, string>> {
  const fromFiles: Record<string, string> = {};
  for (const item of itemsOf(at(scope, 'env_file'))) {
    const path = get(item, 'path') ?? item;
    const required = booleanOf(get(item, 'required')) ?? true;
    const raw = textOf(get(item, 'format')) === 'raw';
    Object.assign(
      fromFiles,
      fileOf(scope, path, { code: 'missing-env-file', what: 'env file', required, raw }),
    );
  }
  const written = at(scope, 'environment');
  for (const entry of entriesOf(written)) {
    if (/^[^\s=]+$/.test(entry.key)) continue;
    complain(
      scope,
      'bad-name',
      { ...entry.value, at: entry.at },
      {
        what: `environment: ${JSON.stringify(entry.key)} cannot be the name of a variable`,
        fix: 'use letters, digits and underscores',
      },
    );
  }
  return sortKeys({ ...fromFiles, ...pairsOf(written, ({ key }) => scope.lookup(key)) });
}

/** Labels of the service: label files in their order, then `labels` over them. */
export function labelsOf(scope: ServiceScope): Readonly<Record<string, string>> {
  const fromFiles: Record<string, string> = {};
  for (const path of itemsOf(at(scope, 'label_file'))) {
    Object.assign(
      fromFiles,
      fileOf(scope, path, { code: 'missing-label-file', what: 'label file', required: true, raw: false }),
    );
  }
  return sortKeys({ ...fromFiles, ...pairsOf(at(scope, 'labels')) });
}

interface FileKind {
  readonly code: ProblemCode;
  readonly what: string;
  readonly required: boolean;
  readonly raw: boolean;
}

function fileOf(scope: ServiceScope, path: Tree, kind: FileKind): Readonly<Record<string, string>> {
  const written = textOf(path);
  if (written === undefined) return {};
  const file = resolvePath(path.dir, written);
  const text = scope.source.read(file);
  if (text !== undefined) {
    return parseEnvFile({ file, text, lookup: scope.lookup, raw: kind.raw }, scope.source.problems);
  }
  if (kind.required) {
    complain(scope, kind.code, path, {
      what: `the ${kind.what} ${file} cannot be read`,
      fix:
        kind.code === 'missing-env-file' ? 'create it, or write { path: …, required: false }' : 'create it',
    });
  }
  return {};
}
