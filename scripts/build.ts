/**
 * Makes the one executable, dist/ballast: command line, server and agent in one file, which needs no Node on the
 * machine it runs on. Does nothing when nothing changed since the last time. `--force` builds anyway.
 */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmod, copyFile, mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { isBuiltin } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { performance } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { rolldown } from 'rolldown';
import { leaveEnvFile } from './executable/own-flags.ts';
import { shiftSegments } from './executable/shift-segments.ts';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const dist = join(root, 'dist');
const work = join(dist, '.build');
/** Of this run alone: two builds at once must not write into each other's files. */
const own = join(work, `run-${process.pid}`);
const output = join(dist, 'ballast');
const run = promisify(execFile);

const began = performance.now();
const version = await versionOf();
const stamp = await stampOf(version);
if (!process.argv.includes('--force') && (await isCurrent(stamp))) {
  console.log(`dist/ballast ${version} is up to date (${elapsed()})`);
} else {
  await mkdir(own, { recursive: true });
  try {
    await build();
  } catch (error) {
    console.error(`the build failed: ${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = 1;
  } finally {
    await rm(own, { recursive: true, force: true });
  }
}

async function build(): Promise<void> {
  await removeAbandoned();
  const bundle = await step('bundle the sources', bundleSources);
  const node = await step('prepare Node', prepareNode);
  await step('join them into one executable', () => makeExecutable(bundle, node));
  await writeFile(join(work, 'stamp'), stamp);
  const { size } = await stat(output);
  console.log(`dist/ballast ${version}: ${(size / 2 ** 20).toFixed(1)} MiB in ${elapsed()}`);
}

/** Files of builds that were killed. */
async function removeAbandoned(): Promise<void> {
  for (const name of await readdir(work)) {
    const pid = /^run-(\d+)$/.exec(name)?.[1];
    if (pid !== undefined && !(await exists(`/proc/${pid}`))) await rm(join(work, name), { recursive: true });
  }
}

async function step<T>(what: string, action: () => Promise<T>): Promise<T> {
  const start = performance.now();
  const result = await action();
  console.log(`  ${what} (${((performance.now() - start) / 1000).toFixed(1)} s)`);
  return result;
}

function elapsed(): string {
  return `${((performance.now() - began) / 1000).toFixed(1)} s`;
}

/** The program in parts: minified CommonJS, one for what each subcommand needs. Answers with the first one's name. */
async function bundleSources(): Promise<string> {
  const bundle = await rolldown({
    input: join(root, 'src/cli/main.ts'),
    platform: 'node',
    external: isBuiltin,
    transform: { define: { BALLAST_VERSION: JSON.stringify(version) } },
    logLevel: 'warn',
  });
  const { output } = await bundle.generate({
    format: 'cjs',
    minify: true,
    dynamicImportInCjs: false,
    comments: false,
    entryFileNames: 'entry.cjs',
    chunkFileNames: '[name]-[hash].cjs',
  });
  await bundle.close();
  const loader = await readFile(join(root, 'scripts/executable/loader.cjs'), 'utf8');
  for (const part of output) {
    if (part.type !== 'chunk') throw new Error(`the bundle has a part that is no code: ${part.fileName}`);
    const text = `(function (exports, require, module) {${part.code}\n})`;
    const whole = part.isEntry ? `${loader}begin('./${part.fileName}', ${text});\n` : text;
    await writeFile(join(own, part.fileName), whole);
  }
  return join(own, 'entry.cjs');
}

/**
 * Node itself, without its symbol table when `strip` is there: a quarter smaller. It leaves the flags of this program
 * to this program. Kept for the next build.
 */
async function prepareNode(): Promise<string> {
  const source = join(root, 'node_modules', `node-linux-${process.arch}`, 'bin/node');
  const key = createHash('sha256')
    .update(`${source} ${(await stat(source)).mtimeMs} ${process.version}`)
    .update(await readFile(join(root, 'scripts/executable/own-flags.ts')));
  const node = join(work, `node-${key.digest('hex').slice(0, 12)}`);
  if (await exists(node)) return node;
  for (const old of await readdir(work)) {
    if (old.startsWith('node-')) await rm(join(work, old), { force: true });
  }
  const partial = join(own, 'node');
  try {
    await run('strip', ['-o', partial, source]);
  } catch {
    await copyFile(source, partial); // binutils is a convenience here, not a need
  }
  const bytes = await readFile(partial);
  if (leaveEnvFile(bytes) > 0) await writeFile(partial, bytes);
  await chmod(partial, 0o755);
  await rename(partial, node);
  return node;
}

async function makeExecutable(entry: string, node: string): Promise<void> {
  const partial = join(own, 'ballast');
  const config = join(own, 'sea.json');
  const parts = (await readdir(own)).filter((name) => name.endsWith('.cjs') && name !== 'entry.cjs');
  const files = parts.map((name) => join(own, name));
  await run(node, [join(root, 'scripts/executable/cache.ts'), ...files]);
  const assets = parts.flatMap((name) => [name, `${name}.cache`]);
  await writeFile(
    config,
    JSON.stringify({
      main: entry,
      assets: Object.fromEntries(assets.map((name) => [name, join(own, name)])),
      mainFormat: 'commonjs',
      executable: node,
      output: partial,
      disableExperimentalSEAWarning: true,
      useCodeCache: true,
      execArgvExtension: 'none', // NODE_OPTIONS of whoever calls must not reach into it
    }),
  );
  await run(join(root, 'node_modules', `node-linux-${process.arch}`, 'bin/node'), ['--build-sea', config]);
  const shifted = join(own, 'shifted');
  await writeFile(shifted, inPieces(shiftSegments(await readFile(partial))));
  await chmod(shifted, 0o755);
  await rename(shifted, output); // a running ballast keeps the file it began with
}

/**
 * The page cache keeps what is written at once in pages as large as that, and running the file maps them whole. In
 * pieces as large as what a fault maps anyway, no process counts more of it as its memory than it needs to.
 */
function* inPieces(bytes: Buffer): Generator<Buffer> {
  const pieceBytes = 64 * 1024;
  for (let at = 0; at < bytes.length; at += pieceBytes) yield bytes.subarray(at, at + pieceBytes);
}

/** `0.1.0 (abc1234)`: of package.json, and the last commit that touched what goes in; `+`: changed since. */
async function versionOf(): Promise<string> {
  const manifest = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string };
  const sources = ['src', 'package.json', 'package-lock.json', 'scripts/build.ts'];
  try {
    const log = await run('git', ['log', '-1', '--format=%h', '--', ...sources], { cwd: root });
    const status = await run('git', ['status', '--porcelain', '--', ...sources], { cwd: root });
    return `${manifest.version} (${log.stdout.trim()}${status.stdout.trim() === '' ? '' : '+'})`;
  } catch {
    return manifest.version; // not a clone, or no git
  }
}

async function stampOf(text: string): Promise<string> {
  const hash = createHash('sha256').update(`${text} ${process.version} ${process.arch}\n`);
  const sources = await filesBelow(join(root, 'src'));
  const scripts = ['loader.cjs', 'cache.ts', 'own-flags.ts', 'shift-segments.ts'].map(
    (name) => `scripts/executable/${name}`,
  );
  const fixed = ['package-lock.json', 'package.json', 'scripts/build.ts', ...scripts].map((name) =>
    join(root, name),
  );
  for (const file of [...sources.filter((name) => !name.endsWith('.test.ts')), ...fixed]) {
    hash.update(`${relative(root, file)}\n`).update(await readFile(file));
  }
  return hash.digest('hex');
}

async function isCurrent(wanted: string): Promise<boolean> {
  if (!(await exists(output))) return false;
  try {
    return (await readFile(join(work, 'stamp'), 'utf8')) === wanted;
  } catch {
    return false;
  }
}

async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

async function exists(file: string): Promise<boolean> {
  return await stat(file).then(
    () => true,
    () => false,
  );
}
