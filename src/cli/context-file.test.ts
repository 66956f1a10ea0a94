import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  chosenContext,
  contextFilePath,
  readContexts,
  removeContext,
  saveContext,
  useContext,
} from './context-file.ts';

let home = '';
let place: { env: Record<string, string> };

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'ballast-context-'));
  place = { env: { HOME: home } };
});
afterEach(() => rm(home, { recursive: true }));

const demo = {
  name: 'demo',
  server: 'https://192.0.2.1:7443',
  ca: '-----BEGIN\nabc\n',
  cert: 'c\n',
  key: 'k\n',
};

test('without a file there are no contexts', async () => {
  expect(await readContexts(place)).toEqual({
    path: join(home, '.config/ballast/config.yaml'),
    current: undefined,
    contexts: {},
  });
});

test('XDG_CONFIG_HOME and BALLAST_CONFIG say where the file is', () => {
  expect(contextFilePath({ env: { HOME: '/h', XDG_CONFIG_HOME: '/x' } })).toBe('/x/ballast/config.yaml');
  expect(contextFilePath({ env: { HOME: '/h', BALLAST_CONFIG: '/b.yaml' } })).toBe('/b.yaml');
});

test('what is saved is read again, the first becomes current, and only its owner may read the file', async () => {
  await saveContext(place, demo, false);
  await saveContext(place, { name: 'other', server: 'https://b', ca: 'x', token: 't' }, false);
  const file = await readContexts(place);
  expect(file.current).toBe('demo');
  expect(file.contexts).toEqual({ demo, other: { name: 'other', server: 'https://b', ca: 'x', token: 't' } });
  expect((await stat(file.path)).mode & 0o777).toBe(0o600);
  expect((await stat(join(home, '.config/ballast'))).mode & 0o077).toBe(0);
  expect(await readdir(join(home, '.config/ballast'))).toEqual(['config.yaml']);
});

test('a file that others could read is closed by the next write, and comments stay', async () => {
  await saveContext(place, demo, false);
  const { path } = await readContexts(place);
  await writeFile(path, `# mine\n${await readFile(path, 'utf8')}`, { mode: 0o644 });
  await saveContext(place, { ...demo, name: 'two' }, true);
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect(await readFile(path, 'utf8')).toMatch(/^# mine\n/);
  expect((await readContexts(place)).current).toBe('two');
});

test('the flag wins over the environment, and that over the current context', async () => {
  for (const name of ['a', 'b', 'c']) await saveContext(place, { ...demo, name }, false);
  await useContext(place, 'c');
  const file = await readContexts(place);
  expect(chosenContext(file, 'a', { env: { BALLAST_CONTEXT: 'b' } }).name).toBe('a');
  expect(chosenContext(file, undefined, { env: { BALLAST_CONTEXT: 'b' } }).name).toBe('b');
  expect(chosenContext(file, undefined, { env: {} }).name).toBe('c');
  expect(() => chosenContext(file, 'aa', { env: {} })).toThrow('there is no context "aa"');
});

test('removing the current context leaves none chosen', async () => {
  await saveContext(place, demo, false);
  await removeContext(place, 'demo');
  const file = await readContexts(place);
  expect(file.contexts).toEqual({});
  expect(() => chosenContext(file, undefined, place)).toThrow('No context is chosen');
});

test.each([
  ['contexts: [', 'cannot be read'],
  ['- a\n', 'must be a mapping'],
  ['current_context: 1\n', 'current_context must be a name'],
  ['contexts: {a: {server: x}}\n', 'contexts.a needs server and ca'],
])('a broken file is refused: %j', async (text, message) => {
  await saveContext(place, demo, false);
  await writeFile(contextFilePath(place), text);
  await expect(readContexts(place)).rejects.toThrow(message);
});

test('with the last context the file and its folder go, unless anything else is in them', async () => {
  await saveContext(place, demo, false);
  await removeContext(place, 'demo');
  expect(await readdir(join(home, '.config'))).toEqual([]);
  await saveContext(place, demo, false);
  const { path } = await readContexts(place);
  await writeFile(path, `# mine\n${await readFile(path, 'utf8')}`);
  await removeContext(place, 'demo');
  expect(await readFile(path, 'utf8')).toContain('# mine');
});
