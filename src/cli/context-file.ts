import { randomBytes } from 'node:crypto';
import { chmod, mkdir, open, readFile, rename, rm, rmdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { type Document, parseDocument } from 'yaml';
import { BallastError } from '#base/errors.ts';
import { suggest } from '#base/suggest.ts';
import type { Shell } from './shell.ts';

/** How to reach one fleet and prove who asks: by certificate, or by token. */
export interface Context {
  readonly name: string;
  /** `https://host:port`. */
  readonly server: string;
  /** PEM of the fleet's certificate authority. */
  readonly ca: string;
  readonly cert?: string;
  readonly key?: string;
  readonly token?: string;
}

export interface ContextFile {
  readonly path: string;
  readonly current: string | undefined;
  readonly contexts: Readonly<Record<string, Context>>;
}

type Place = Pick<Shell, 'env'>;

/** BALLAST_CONFIG, else `ballast/config.yaml` in XDG_CONFIG_HOME, else in ~/.config. */
export function contextFilePath({ env }: Place): string {
  if (env['BALLAST_CONFIG']) return env['BALLAST_CONFIG'];
  const base = env['XDG_CONFIG_HOME'] || join(env['HOME'] || '/root', '.config');
  return join(base, 'ballast', 'config.yaml');
}

/** The contexts there are; none when there is no file yet. A broken file is an error that says where. */
export async function readContexts(shell: Place): Promise<ContextFile> {
  const path = contextFilePath(shell);
  return contextsOf(path, await readDocument(path));
}

/** Adds a context, or replaces the one of that name; the first one becomes the current one. */
export async function saveContext(shell: Place, { name, ...context }: Context, use: boolean): Promise<void> {
  await change(shell, (document, file) => {
    document.setIn(['contexts', name], document.createNode({ ...context }));
    if (use || file.current === undefined) document.set('current_context', name);
  });
}

export async function useContext(shell: Place, name: string): Promise<void> {
  await change(shell, (document, file) => {
    contextNamed(file, name);
    document.set('current_context', name);
  });
}

export async function removeContext(shell: Place, name: string): Promise<void> {
  await change(shell, (document, file) => {
    contextNamed(file, name);
    document.deleteIn(['contexts', name]);
    if (file.current === name) document.delete('current_context');
  });
  await removeIfEmpty(contextFilePath(shell));
}

/** With the last context the file goes, unless there is anything else in it. */
async function removeIfEmpty(path: string): Promise<void> {
  const document = await readDocument(path);
  const { contexts = {}, ...others } = (document.toJS() ?? {}) as Record<string, unknown>;
  const isBare = /^\s*(contexts:\s*\{\s*\}\s*)?$/.test(document.toString());
  if (!isBare || Object.keys(others).length > 0 || Object.keys(contexts ?? {}).length > 0) return;
  await rm(path, { force: true });
  // Only a folder of our own, and not when anything else is in it.
  if (basename(dirname(path)) === 'ballast') await rmdir(dirname(path)).catch(() => undefined);
}

/** The context of that name, or an error that says which names there are. */
export function contextNamed(file: ContextFile, name: string): Context {
  const context = Object.hasOwn(file.contexts, name) ? file.contexts[name] : undefined;
  if (context) return context;
  const names = Object.keys(file.contexts);
  const meant = suggest(name, names);
  throw new BallastError('not-found', `there is no context "${name}"`, {
    why: names.length === 0 ? `${file.path} has none yet` : `${file.path} has ${names.join(', ')}`,
    fix: meant ? `did you mean ${meant}?` : `add it: ballast context add ${name} --from FILE`,
  });
}

/** The context to use: the flag, else BALLAST_CONTEXT, else the current one. */
export function chosenContext(file: ContextFile, flag: string | undefined, { env }: Place): Context {
  const name = flag ?? (env['BALLAST_CONTEXT'] || undefined) ?? file.current;
  if (name !== undefined) return contextNamed(file, name);
  const names = Object.keys(file.contexts);
  throw new BallastError('usage', 'which fleet? No context is chosen', {
    why: names.length === 0 ? `${file.path} has no contexts yet` : `known contexts: ${names.join(', ')}`,
    fix:
      names.length === 0
        ? 'add one: ballast context add NAME --from admin.json (the server writes that file)'
        : `choose one: ballast context use ${names[0]}, or give -c ${names[0]}`,
  });
}

async function readDocument(path: string): Promise<Document> {
  let text = '';
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  const document = parseDocument(text);
  const [first] = document.errors;
  if (first) {
    const at = first.linePos?.[0];
    throw new BallastError('bad-file', `${path} cannot be read`, {
      problems: [
        {
          code: 'yaml',
          what: first.message.split('\n')[0]?.replace(/ at line \d+, column \d+:?$/, '') ?? 'broken YAML',
          ...(at ? { at: { file: path, line: at.line, column: at.col } } : {}),
        },
      ],
    });
  }
  return document;
}

function contextsOf(path: string, document: Document): ContextFile {
  const data: unknown = document.toJS() ?? {};
  const wrong = (what: string): BallastError =>
    new BallastError('bad-file', `${path}: ${what}`, {
      fix: 'mend it by hand, or remove it and add the contexts anew: ballast context add NAME --from FILE',
    });
  if (!isRecord(data)) throw wrong('it must be a mapping');
  const current = data['current_context'];
  const contexts = data['contexts'] ?? {};
  if (current !== undefined && current !== null && typeof current !== 'string') {
    throw wrong('current_context must be a name');
  }
  if (!isRecord(contexts)) throw wrong('contexts must be a mapping');
  const entries = Object.entries(contexts).map(([name, value]): [string, Context] => {
    const text = (key: string): string | undefined => {
      const found = isRecord(value) ? value[key] : undefined;
      if (found !== undefined && typeof found !== 'string')
        throw wrong(`contexts.${name}.${key} must be a text`);
      return found;
    };
    const [server, ca] = [text('server'), text('ca')];
    if (server === undefined || ca === undefined) throw wrong(`contexts.${name} needs server and ca`);
    const [cert, key, token] = [text('cert'), text('key'), text('token')];
    return [
      name,
      { name, server, ca, ...(cert ? { cert } : {}), ...(key ? { key } : {}), ...(token ? { token } : {}) },
    ];
  });
  return { path, current: current ?? undefined, contexts: Object.fromEntries(entries) };
}

/** Writes beside the file and renames over it, readable by its owner alone: it holds keys. */
async function change(shell: Place, edit: (document: Document, file: ContextFile) => void): Promise<void> {
  const path = contextFilePath(shell);
  const document = await readDocument(path);
  edit(document, contextsOf(path, document));
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const partial = `${path}.${randomBytes(4).toString('hex')}`;
  try {
    const file = await open(partial, 'wx', 0o600);
    try {
      await file.writeFile(document.toString({ lineWidth: 0 }));
      await file.sync();
    } finally {
      await file.close();
    }
    await chmod(partial, 0o600);
    await rename(partial, path);
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
