import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { BallastError } from '#base/errors.ts';
import type { Result } from '#base/result.ts';
import { loadApp } from '#spec/compose/load.ts';
import type { AppModel, Origins } from '#spec/model.ts';
import { isFleetFile, isStandardInput } from './app-files.ts';
import { nearName, printWarnings } from './failure.ts';
import { readText } from './input-file.ts';
import { count, listOf } from './render/text.ts';
import type { Shell } from './shell.ts';

export interface LoadedApp {
  readonly model: AppModel;
  readonly origins: Origins;
  /** The files as a person here would write them. */
  readonly shown: readonly string[];
}

export interface LoadFlags {
  readonly profile: readonly string[];
  readonly 'project-name': string | undefined;
  readonly 'env-file': readonly string[];
  readonly quiet: boolean;
}

/** Reads and checks Compose files. Throws with all problems at once; warnings go to standard error. */
export function loadAppFiles(files: readonly string[], flags: LoadFlags, shell: Shell): LoadedApp {
  const { profile: profiles, 'project-name': projectName } = flags;
  const result = loadApp({
    files,
    read: readerOf(files, flags['env-file'], shell),
    exists: existsSync,
    env: definedOf(shell.env),
    ...(profiles.length === 0 ? {} : { profiles }),
    ...(projectName === undefined ? {} : { projectName }),
  });
  const value = checked(result, files, flags, shell);
  return { ...value, shown: files.map((file) => nearName(file, shell)) };
}

/** Files that describe a fleet, and those that describe an app, each in their order. */
export function sortFiles(files: readonly string[]): {
  readonly fleet: readonly string[];
  readonly app: readonly string[];
} {
  const fleet = files.filter((file) => isFleetFile(read(file) ?? ''));
  return { fleet, app: files.filter((file) => !fleet.includes(file)) };
}

/** The value, or an error with every problem; warnings go to standard error. */
export function checked<T>(
  result: Result<T>,
  files: readonly string[],
  { quiet }: { readonly quiet: boolean },
  shell: Shell,
): T {
  if (result.ok) {
    if (!quiet) printWarnings(result.warnings ?? [], shell);
    return result.value;
  }
  const { problems } = result;
  const names = listOf(files.map((file) => nearName(file, shell)));
  throw new BallastError(
    'bad-file',
    `${names} ${files.length > 1 ? 'have' : 'has'} ${count(problems.length, 'problem')}`,
    {
      problems,
    },
  );
}

/** Reads files; those of `--env-file` stand in for the `.env` beside the first Compose file. */
function readerOf(files: readonly string[], envFiles: readonly string[], shell: Shell): typeof read {
  if (envFiles.length === 0) return read;
  const replaced = join(dirname(files[0] ?? ''), '.env');
  const texts = envFiles.map((file) => readText(resolve(shell.cwd, file)));
  return (path) => (path === replaced ? texts.join('\n') : read(path));
}

export function read(path: string): string | undefined {
  try {
    return isStandardInput(path) ? standardInput() : readText(path);
  } catch (error) {
    if (error instanceof BallastError) throw error;
    return undefined;
  }
}

let typed: string | undefined;

/** All of standard input, which can be read once only. */
function standardInput(): string {
  typed ??= readText(0);
  return typed;
}

export function definedOf(env: Shell['env']): Record<string, string> {
  return Object.fromEntries(
    Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}
