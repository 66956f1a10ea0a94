import { existsSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { BallastError } from '#base/errors.ts';
import { suggest } from '#base/suggest.ts';
import { readText } from './input-file.ts';
import type { Shell } from './shell.ts';

const defaults = ['compose.yaml', 'compose.yml', 'docker-compose.yaml', 'docker-compose.yml'] as const;

/** The Compose file of the current directory and its override, as Compose looks for them; absolute, maybe none. */
export function filesHere(cwd: string): readonly string[] {
  const found = defaults.map((name) => join(cwd, name)).find((file) => existsSync(file));
  if (!found) return [];
  const stem = found.replace(/\.ya?ml$/, '');
  const override = ['.override.yaml', '.override.yml']
    .map((end) => stem + end)
    .find((file) => existsSync(file));
  return override ? [found, override] : [found];
}

/** What stands for `-f -` where a path is needed: it lies in the directory that the command runs in. */
const inputName = '(standard input)';

export const isStandardInput = (file: string): boolean => basename(file) === inputName;

/**
 * The files a command is about: those given, else COMPOSE_FILE, else those of the current directory. Absolute.
 * Throws when there is none, or one given does not exist. `-` is standard input.
 */
export function filesToRead(given: readonly string[], shell: Pick<Shell, 'cwd' | 'env'>): readonly string[] {
  const named =
    given.length > 0 ? given : (shell.env['COMPOSE_FILE'] ?? '').split(':').filter((name) => name !== '');
  const files =
    named.length > 0
      ? named.map((name) => resolve(shell.cwd, name === '-' ? inputName : name))
      : filesHere(shell.cwd);
  if (files.length === 0) {
    throw new BallastError('bad-file', 'there is no Compose file here', {
      why: `looked for ${defaults.join(', ')} in ${shell.cwd}`,
      fix: 'name it with -f FILE, or write a starter: ballast init',
    });
  }
  for (const [index, file] of files.entries()) {
    if (isStandardInput(file)) continue;
    if (existsSync(file) && !statSync(file).isDirectory()) continue;
    throw new BallastError(
      'bad-file',
      `${named[index] ?? file} ${existsSync(file) ? 'is a directory' : 'does not exist'}`,
      {
        fix: existsSync(file) ? 'name the file in it with -f' : 'check the path given with -f',
      },
    );
  }
  return files;
}

/** Whether a file describes the fleet, not an app: it has `fleet` or `machines` at its top and no `services`. */
export function isFleetFile(text: string): boolean {
  const json = asJson(text);
  const has = (key: string): boolean =>
    json === undefined ? new RegExp(`^["']?${key}["']?\\s*:`, 'm').test(text) : Object.hasOwn(json, key);
  return (has('fleet') || has('machines')) && !has('services');
}

/** What a file that is JSON holds; undefined for all others. */
function asJson(text: string): Readonly<Record<string, unknown>> | undefined {
  if (!text.trimStart().startsWith('{')) return undefined;
  try {
    return JSON.parse(text) as Readonly<Record<string, unknown>>;
  } catch {
    return undefined;
  }
}

/** The name of the app whose Compose file lies in the current directory; undefined when there is none. */
export function appHere(shell: Pick<Shell, 'cwd' | 'env'>): string | undefined {
  const [file] = filesHere(shell.cwd);
  if (file === undefined) return undefined;
  if (shell.env['COMPOSE_PROJECT_NAME']) return shell.env['COMPOSE_PROJECT_NAME'];
  const text = readText(file);
  const written =
    asJson(text)?.['name'] ?? /^name:\s*(["']?)([a-z0-9][a-z0-9_-]*)\1\s*(?:#.*)?$/m.exec(text)?.[2];
  return typeof written === 'string' ? written : projectName(basename(dirname(file)));
}

/** A directory's name as Compose makes a project name of it. */
function projectName(text: string): string {
  return text
    .toLowerCase()
    .replace(/[^a-z0-9_-]/g, '')
    .replace(/^[_-]+/, '');
}

/** "did you mean" for a name that was asked for and the names that exist. */
export function meantName(name: string, known: readonly string[], what: string): string {
  const meant = suggest(name, known);
  if (meant) return `did you mean ${meant}?`;
  return known.length === 0 ? `there are no ${what} yet` : `known ${what}: ${known.join(', ')}`;
}
