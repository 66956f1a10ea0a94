import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { lstat, readdir, readFile, readlink, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { BallastError } from '#base/errors.ts';
import type { BuildModel } from '#spec/model.ts';
import { inTurn } from './bounded.ts';
import { type IgnoreRule, isFinal, isIgnored, parseIgnore } from './ignore.ts';

/** A build whose files were found. */
export interface BuildFiles {
  /** Absolute path; absent when the text is given inline. */
  readonly file?: string;
  readonly text: string;
  /** Absolute path of the ignore file, when there is one. */
  readonly ignoreFile?: string;
}

/** Finds what a build starts from: its directory, its Containerfile or Dockerfile, its ignore file. */
export async function findBuildFiles(service: string, build: BuildModel): Promise<BuildFiles> {
  if (!(await isDirectory(build.context))) {
    throw new BallastError('bad-file', `service ${service}: there is no directory ${build.context}`, {
      why: 'it is the build context, whose files the build may copy',
      fix: 'make it, or correct build.context; it is relative to the compose file',
    });
  }
  if (build.inline !== undefined) {
    return { text: build.inline, ...(await ignoreFileOf(build.context)) };
  }
  const candidates = candidatesOf(build);
  for (const file of candidates) {
    const text = await readText(file);
    if (text !== undefined) return { file, text, ...(await ignoreFileOf(build.context, file)) };
  }
  throw new BallastError('bad-file', `service ${service}: there is no ${candidates[0]}`, {
    why: 'it says how the image is built; a Dockerfile in its place is taken too',
    fix: 'write it, or correct build.dockerfile; it is relative to the build context',
  });
}

/** The default names stand for each other; a name of one's own stands for itself. */
function candidatesOf({ context, file }: BuildModel): string[] {
  const names = ['Containerfile', 'Dockerfile'];
  if (file !== undefined && !names.includes(basename(file))) return [file];
  const folder = file === undefined ? context : dirname(file);
  const first = file === undefined ? [] : [basename(file)];
  return [...new Set([...first, ...names])].map((name) => join(folder, name));
}

/** The one that belongs to the Containerfile comes before that of the context, as in Compose. */
async function ignoreFileOf(context: string, file?: string): Promise<{ ignoreFile?: string }> {
  const own = file === undefined ? [] : [`${file}.containerignore`, `${file}.dockerignore`];
  for (const path of [...own, join(context, '.containerignore'), join(context, '.dockerignore')]) {
    if ((await readText(path)) !== undefined) return { ignoreFile: path };
  }
  return {};
}

/** Digest of every file of a directory that a build can see: paths, kinds, modes and contents, not times. */
export async function digestDirectory(root: string, ignoreFile?: string): Promise<string> {
  const rules = ignoreFile === undefined ? [] : parseIgnore((await readText(ignoreFile)) ?? '');
  const paths = await walk(root, '', rules);
  const lines = await inTurn(paths, 8, (path) => describe(root, path));
  return createHash('sha256').update(lines.toSorted().join('\n')).digest('hex');
}

async function walk(root: string, below: string, rules: readonly IgnoreRule[]): Promise<string[]> {
  const found: string[] = [];
  for (const entry of await readdir(join(root, below), { withFileTypes: true })) {
    const path = below === '' ? entry.name : `${below}/${entry.name}`;
    const ignored = isIgnored(rules, path);
    if (ignored && (!entry.isDirectory() || isFinal(rules))) continue;
    if (!ignored) found.push(path);
    if (entry.isDirectory()) found.push(...(await walk(root, path, rules)));
  }
  return found;
}

async function describe(root: string, path: string): Promise<string> {
  const full = join(root, path);
  const info = await lstat(full);
  const mode = (info.mode & 0o7777).toString(8);
  const name = JSON.stringify(path);
  if (info.isSymbolicLink()) return `${name} link ${JSON.stringify(await readlink(full))}`;
  if (info.isDirectory()) return `${name} directory ${mode}`;
  if (!info.isFile()) return `${name} other ${mode}`;
  const hash = createHash('sha256');
  await pipeline(createReadStream(full), hash);
  return `${name} file ${mode} ${hash.digest('hex')}`;
}

async function isDirectory(path: string): Promise<boolean> {
  return await stat(path).then(
    (info) => info.isDirectory(),
    () => false,
  );
}

async function readText(path: string): Promise<string | undefined> {
  return await readFile(path, 'utf8').catch(() => undefined);
}
