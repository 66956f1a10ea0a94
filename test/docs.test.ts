import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, test } from 'vitest';
import { findCommand } from '#cli/find-command.ts';
import { parseLine } from '#cli/flags.ts';
import { flagsOf } from '#cli/program.ts';
import { programCommands } from '../scripts/reference/cli.ts';
import { referenceFiles } from '../scripts/reference/files.ts';
import { commandsOf, readDocument } from './docs/markdown.ts';
import { projectFiles, read, root } from './tidy/files.ts';

// Documents are checked like code: links lead somewhere, commands exist, what is marked `sh run` is run.

const documents = projectFiles()
  .filter((file) => file.endsWith('.md'))
  .map((file) => readDocument(file, read(file)));
const byPath = new Map(documents.map((document) => [document.path, document]));
const written = documents.filter(({ path }) => !path.startsWith('docs/reference/'));
const blocks = documents.flatMap((document) => document.blocks);
const commands = blocks
  .filter(({ info }) => info[0] === 'sh')
  .flatMap((block) =>
    commandsOf(block).map((command) => ({ ...command, at: `${block.document}:${command.line}` })),
  );

describe('every document', () => {
  test.each(documents)('$path has one title', ({ titles }) => {
    expect(titles).toHaveLength(1);
  });

  test('links to what is there', () => {
    const broken = documents.flatMap(({ path, links }) =>
      links
        .filter(({ to }) => !/^(https?:|mailto:)/.test(to))
        .filter(({ to }) => !leadsSomewhere(path, to))
        .map(({ to, line }) => `${path}:${line} -> ${to}`),
    );
    expect(broken).toEqual([]);
  });

  test('says of each block what it is', () => {
    const known = ['sh', 'text', 'yaml', 'json', 'ts', 'toml', 'ini'];
    const odd = blocks.filter(({ info }) => !known.includes(info[0] ?? ''));
    expect(odd.map(({ document, line, info }) => `${document}:${line} ${info.join(' ')}`)).toEqual([]);
  });
});

describe('every command that a document shows', () => {
  test('is one that ballast has, with the flags it has', async () => {
    const wrong: string[] = [];
    for (const { words, at } of commands) {
      const line = ballastLine(words);
      if (line === undefined) continue;
      const problem = await problemOf(line);
      if (problem !== undefined) wrong.push(`${at} ${words.join(' ')}: ${problem}`);
    }
    expect(wrong).toEqual([]);
  });

  test('is a script of package.json when npm runs it', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
    const asked = commands
      .filter(({ words }) => words[0] === 'npm' && (words[1] === 'run' || words[1] === 'test'))
      .map(({ words, at }) => ({ at, name: words[1] === 'test' ? 'test' : (words[2] ?? '') }));
    expect(asked.filter(({ name }) => !Object.hasOwn(scripts, name))).toEqual([]);
  });

  test('names files of the project that are there', () => {
    const named = commands.flatMap(({ words, at }) =>
      words
        .filter((word) => /^(examples|src|scripts|docs|test|bench)\/[\w./-]+$/.test(word))
        .map((word) => `${at} ${word}`),
    );
    expect(named.filter((one) => !existsSync(join(root, one.split(' ')[1] ?? '')))).toEqual([]);
  });

  const runnable = blocks
    .filter(({ info }) => info[0] === 'sh' && info.includes('run'))
    .flatMap(commandsOf)
    .map(({ words }) => ({ words, line: words.join(' ') }));

  test.each(runnable)('runs: $line', { timeout: 60_000 }, ({ words }) => {
    const home = mkdtempSync(join(tmpdir(), 'ballast-docs-'));
    try {
      ballast(ballastLine(words) ?? [], home);
    } finally {
      rmSync(home, { recursive: true, force: true });
    }
  });
});

describe('every Compose file that a document shows', () => {
  const shown = blocks.filter(({ info }) => info[0] === 'yaml' && info.includes('compose'));

  test.each(shown)('is valid: $document:$line', { timeout: 60_000 }, ({ text }) => {
    const folder = mkdtempSync(join(tmpdir(), 'ballast-docs-'));
    try {
      for (const [, context = ''] of text.matchAll(/build: (\.\/\w+)/g)) {
        mkdirSync(join(folder, context), { recursive: true });
        writeFileSync(join(folder, context, 'Containerfile'), 'FROM scratch\n');
      }
      writeFileSync(join(folder, 'compose.yaml'), text);
      ballast(['validate', '-f', join(folder, 'compose.yaml')], folder);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

describe('the reference', () => {
  const generated = referenceFiles();

  test('is what `npm run docs` writes from the code', async () => {
    const stale = Object.entries(await generated)
      .filter(
        ([name, text]) =>
          !existsSync(join(root, 'docs/reference', name)) || read(`docs/reference/${name}`) !== text,
      )
      .map(([name]) => name);
    expect(stale, 'run npm run docs').toEqual([]);
  });

  test('holds nothing that is not generated', async () => {
    const names = new Set(Object.keys(await generated));
    const files = projectFiles('docs/reference').map((file) => file.slice('docs/reference/'.length));
    expect(files.filter((name) => !names.has(name))).toEqual([]);
  });
});

describe('the documents a person needs', () => {
  test.each([
    'README.md',
    'ARCHITECTURE.md',
    'STYLE.md',
    'CONTRIBUTING.md',
    'CHANGELOG.md',
    'docs/dependencies.md',
  ])('%s is there', (path) => {
    expect(byPath.has(path)).toBe(true);
  });

  test('are reached from the README', () => {
    const reached = new Set<string>();
    const pending = ['README.md'];
    for (let path = pending.pop(); path !== undefined; path = pending.pop()) {
      if (reached.has(path)) continue;
      reached.add(path);
      const here = path;
      pending.push(
        ...(byPath.get(path)?.links ?? []).map(({ to }) => target(here, to)).filter((to) => byPath.has(to)),
      );
    }
    const alone = written
      .map(({ path }) => path)
      .filter((path) => !reached.has(path) && path.startsWith('docs/'));
    expect(alone).toEqual([]);
  });
});

describe('the document test itself', () => {
  const block = (text: string) => ({ document: 'x.md', line: 1, info: ['sh'], text });

  test('reads commands as a shell would', () => {
    const text =
      'ballast ps # now\nsudo ballast exec web -- sh -c "a b" | head\nballast plan \\\n  -f x.yaml && ballast ls > out';
    expect(commandsOf(block(text)).map(({ words }) => words)).toEqual([
      ['ballast', 'ps'],
      ['sudo', 'ballast', 'exec', 'web', '--', 'sh', '-c', 'a b'],
      ['head'],
      ['ballast', 'plan', '-f', 'x.yaml'],
      ['ballast', 'ls'],
    ]);
  });

  test.each([
    'ballast depoly',
    'ballast ps --no-such-flag',
    'ballast machine ad x',
    'ballast server --dta x',
  ])('catches %s', async (line) => {
    expect(await problemOf(ballastLine(line.split(' ')) ?? [])).toBeDefined();
  });

  test('catches a link to nowhere', () => {
    expect(leadsSomewhere('README.md', 'docs/no-such-page.md')).toBe(false);
    expect(leadsSomewhere('README.md', 'ARCHITECTURE.md#no-such-heading')).toBe(false);
    expect(leadsSomewhere('README.md', 'ARCHITECTURE.md#words')).toBe(true);
  });

  test('reads titles, links and blocks', () => {
    const document = readDocument('x.md', '# A\n\n[b](c.md#d) `[no](x)`\n\n```sh run\n# not a title\n```\n');
    expect(document).toMatchObject({
      titles: ['A'],
      links: [{ to: 'c.md#d', line: 3 }],
      blocks: [{ info: ['sh', 'run'], line: 5, text: '# not a title' }],
    });
  });
});

/** Runs the command line from its sources, as someone who has no contexts yet. Throws when it fails. */
function ballast(words: readonly string[], home: string): void {
  const env = { ...process.env, HOME: home, XDG_CONFIG_HOME: home, NO_COLOR: '1' };
  execFileSync(process.execPath, ['src/cli/main.ts', ...words], { cwd: root, env, stdio: 'pipe' });
}

/** The words after `ballast`, when the command is that; its built and its unbuilt form are the same. */
function ballastLine(words: readonly string[]): readonly string[] | undefined {
  const own = words[0] === 'sudo' ? words.slice(1) : words;
  if (own[0] === 'ballast' || own[0] === 'dist/ballast' || own[0] === './dist/ballast') return own.slice(1);
  return own[0] === 'node' && own[1] === 'src/cli/main.ts' ? own.slice(2) : undefined;
}

async function problemOf(words: readonly string[]): Promise<string | undefined> {
  try {
    const [first = '', ...rest] = words;
    const program = Object.hasOwn(programCommands, first) ? programCommands[first] : undefined;
    if (program !== undefined) {
      parseLine(rest, flagsOf(program), { command: `ballast ${first}` });
      return undefined;
    }
    const found = findCommand(words);
    if (found.kind !== 'command') return undefined;
    const command = await found.entry.load();
    const restFrom = command.args.findIndex((argument) => argument.rest);
    parseLine(found.rest, flagsOf(command), { command: found.name, ...(restFrom < 0 ? {} : { restFrom }) });
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function target(from: string, link: string): string {
  return normalize(join(dirname(from), link.split('#')[0] ?? ''));
}

function leadsSomewhere(from: string, link: string): boolean {
  const [file = '', anchor] = link.split('#');
  const to = file === '' ? from : target(from, link);
  if (!existsSync(join(root, to))) return false;
  return anchor === undefined || (byPath.get(to)?.anchors.has(anchor) ?? false);
}
