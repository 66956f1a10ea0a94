import { chmod, mkdir, mkdtemp, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { BuildModel } from '#spec/model.ts';
import { digestDirectory, findBuildFiles } from './context.ts';

let root = '';
const build = (parts: Partial<BuildModel> = {}): BuildModel => ({
  context: root,
  args: {},
  labels: {},
  noCache: false,
  pull: false,
  additionalContexts: {},
  extraHosts: [],
  platforms: [],
  tags: [],
  ...parts,
});

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'context-'));
  await mkdir(join(root, 'src'));
  await writeFile(join(root, 'src/a'), 'a');
});

afterEach(async () => {
  await rm(root, { recursive: true, force: true });
});

test('a touched file changes nothing, a changed one does', async () => {
  const before = await digestDirectory(root);
  await utimes(join(root, 'src/a'), 1, 1);
  expect(await digestDirectory(root)).toBe(before);
  await writeFile(join(root, 'src/a'), 'b');
  expect(await digestDirectory(root)).not.toBe(before);
});

test('modes, names and links count', async () => {
  const seen = new Set([await digestDirectory(root)]);
  await chmod(join(root, 'src/a'), 0o755);
  seen.add(await digestDirectory(root));
  await symlink('a', join(root, 'src/b'));
  seen.add(await digestDirectory(root));
  await mkdir(join(root, 'empty'));
  seen.add(await digestDirectory(root));
  expect(seen.size).toBe(4);
});

test('what the ignore file leaves out does not count', async () => {
  await writeFile(join(root, '.dockerignore'), 'logs\n*.tmp\n!keep.tmp\n');
  const { ignoreFile } = await findBuildFiles('web', build({ inline: 'FROM a' }));
  const before = await digestDirectory(root, ignoreFile);
  await mkdir(join(root, 'logs'));
  await writeFile(join(root, 'logs/x'), 'x');
  await writeFile(join(root, 'x.tmp'), 'x');
  expect(await digestDirectory(root, ignoreFile)).toBe(before);
  await writeFile(join(root, 'keep.tmp'), 'x');
  expect(await digestDirectory(root, ignoreFile)).not.toBe(before);
});

test('a Containerfile comes before a Dockerfile, and either stands in for the other', async () => {
  await writeFile(join(root, 'Dockerfile'), 'FROM docker');
  expect((await findBuildFiles('web', build())).text).toBe('FROM docker');
  expect((await findBuildFiles('web', build({ file: join(root, 'Containerfile') }))).text).toBe(
    'FROM docker',
  );
  await writeFile(join(root, 'Containerfile'), 'FROM container');
  expect((await findBuildFiles('web', build())).text).toBe('FROM container');
  expect((await findBuildFiles('web', build({ file: join(root, 'Dockerfile') }))).text).toBe('FROM docker');
});

test('the ignore file of a Containerfile comes before that of the context', async () => {
  await writeFile(join(root, 'web.Containerfile'), 'FROM a');
  await writeFile(join(root, '.dockerignore'), '');
  const wanted = build({ file: join(root, 'web.Containerfile') });
  expect((await findBuildFiles('web', wanted)).ignoreFile).toBe(join(root, '.dockerignore'));
  await writeFile(join(root, 'web.Containerfile.dockerignore'), '');
  expect((await findBuildFiles('web', wanted)).ignoreFile).toBe(join(root, 'web.Containerfile.dockerignore'));
});

test('a missing context or Containerfile is named, with the service', async () => {
  await expect(findBuildFiles('web', build({ context: join(root, 'gone') }))).rejects.toMatchObject({
    code: 'bad-file',
    message: `service web: there is no directory ${join(root, 'gone')}`,
  });
  await expect(findBuildFiles('web', build({ file: join(root, 'x.file') }))).rejects.toMatchObject({
    code: 'bad-file',
    message: `service web: there is no ${join(root, 'x.file')}`,
  });
});
