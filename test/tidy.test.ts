import { describe, expect, test } from 'vitest';
import {
  arrows,
  brokenArrows,
  type Folder,
  folders,
  packageName,
  pureFolders,
  purePackages,
} from './tidy/arrows.ts';
import { lineCount, projectFiles, read } from './tidy/files.ts';
import { scan } from './tidy/scan.ts';

// A test of the code base itself: what STYLE.md asks for and no other tool can tell.

const files = projectFiles();
const typescript = files.filter((file) => file.endsWith('.ts'));
const sources = typescript.filter((file) => file.startsWith('src/'));
const isTest = (file: string): boolean => file.endsWith('.test.ts');
const scans = new Map(typescript.map((file) => [file, scan(read(file))]));
const scanOf = (file: string) => scans.get(file) ?? scan('');

describe('the folders of src', () => {
  test('are those that the architecture names', () => {
    expect(
      [...new Set(sources.map((file) => file.split('/')[1]))].filter((f) => !folders.includes(f as Folder)),
    ).toEqual([]);
  });

  test('import only along the arrows', () => {
    expect(sources.flatMap((file) => brokenArrows(file, scanOf(file).imports))).toEqual([]);
  });

  test('keep the core pure: no clock, no randomness, nothing asynchronous', () => {
    const core = sources.filter(
      (file) => pureFolders.includes(file.split('/')[1] as Folder) && !isTest(file),
    );
    const found = core.flatMap((file) =>
      scanOf(file).impurities.map(({ what, line }) => `${file}:${line} uses ${what}`),
    );
    expect(found).toEqual([]);
  });

  test.each(folders)('%s has a README of at most 30 lines', (folder) => {
    expect(files).toContain(`src/${folder}/README.md`);
    expect(lineCount(read(`src/${folder}/README.md`))).toBeLessThanOrEqual(30);
  });
});

describe('every file', () => {
  test('of code has at most 300 lines', () => {
    const long = typescript
      .filter((file) => !isTest(file) && !file.includes('generated'))
      .map((file) => [file, lineCount(read(file))] as const)
      .filter(([, lines]) => lines > 300);
    expect(long).toEqual([]);
  });

  test('of code has no function over 70 lines', () => {
    const long = typescript
      .filter((file) => !isTest(file) && !file.startsWith('test/') && !file.endsWith('contract.ts'))
      .flatMap((file) => scanOf(file).functions.map((found) => ({ file, ...found })))
      .filter(({ lines }) => lines > 70)
      .map(({ file, line, name, lines }) => `${file}:${line} ${name} has ${lines} lines`);
    expect(long).toEqual([]);
  });

  test('exports by name and has no enum, namespace or parameter property', () => {
    const found = typescript
      .filter((file) => file !== 'vitest.config.ts')
      .flatMap((file) => scanOf(file).banned.map(({ what, line }) => `${file}:${line} has a ${what}`));
    expect(found).toEqual([]);
  });

  test('is finished: nothing is marked to be done later', () => {
    const mark = new RegExp(`\\b(${['TO' + 'DO', 'FIX' + 'ME', 'X' + 'XX', 'HA' + 'CK'].join('|')})\\b`);
    expect(lines(typescript, (line) => mark.test(line))).toEqual([]);
  });

  test('is named in kebab-case', () => {
    const odd = typescript.filter(
      (file) => !/^[a-z0-9-]+(\.[a-z0-9-]+)*\.ts$/.test(file.split('/').at(-1) ?? ''),
    );
    expect(odd).toEqual([]);
  });

  test('names a thing, not a drawer', () => {
    const drawers = /(^|\/)(utils?|helpers?|common|misc|types)(\.ts|\/)/;
    expect(typescript.filter((file) => drawers.test(file))).toEqual([]);
  });

  test('can be used anywhere: no path or package mirror of one machine', () => {
    const machine = ['/work' + '/main', '/work' + '/shared', '/root' + '/.cache'];
    const mirrors = ['registry.npm' + 'js.org', 'deb.deb' + 'ian.org', 'security.deb' + 'ian.org'];
    const text = files.filter((file) => !/\.(png|svg|ico|woff2|gz|db)$/.test(file));
    expect(lines(text, (line) => [...machine, ...mirrors].some((word) => line.includes(word)))).toEqual([]);
  });
});

describe('every dependency', () => {
  const manifest = JSON.parse(read('package.json')) as Record<string, Record<string, string> | undefined>;
  const kinds = ['dependencies', 'devDependencies', 'optionalDependencies'];
  const named = kinds.flatMap((kind) => Object.entries(manifest[kind] ?? {}));

  test.each(named.map(([name]) => name))('%s has its line in docs/dependencies.md', (name) => {
    expect(read('docs/dependencies.md').includes(`| \`${name}\` |`), name).toBe(true);
  });

  test('has an exact version', () => {
    expect(named.filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version))).toEqual([]);
  });

  test('that docs/dependencies.md names is there', () => {
    const listed = [...read('docs/dependencies.md').matchAll(/^\| `([^`]+)` \|/gm)].map((match) => match[1]);
    expect(listed.filter((name) => !named.some(([known]) => known === name))).toEqual([]);
  });

  test('is locked without naming a registry', () => {
    expect(read('package-lock.json')).not.toMatch(/"resolved"/);
  });
});

describe('the tidy test itself', () => {
  const planted: readonly (readonly [file: string, text: string])[] = [
    ['src/base/planted.ts', `import { x } from '#spec/model.ts';`],
    ['src/spec/planted.ts', `import type { Plan } from '#plan/model.ts';`],
    ['src/plan/planted.ts', `export * from '#compile/manifest.ts';`],
    ['src/plan/planted.ts', `import { readFileSync } from 'node:fs';`],
    ['src/plan/planted.ts', `import { parse } from 'yaml';`],
    ['src/compile/planted.ts', `export type M = import('#converge/diff.ts').Step;`],
    ['src/converge/planted.ts', `const host = () => import('#host/exec.ts');`],
    ['src/converge/planted.ts', `const name = 'x'; const y = () => import(name);`],
    ['src/wire/planted.ts', `import { Store } from '#store/port.ts';`],
    ['src/host/planted.ts', `import { Provider } from '#provider/port.ts';`],
    ['src/agent/planted.ts', `import { x } from '#server/main.ts';`],
    ['src/cli/planted.ts', `const start = () => import('#server/main.ts');`],
    ['src/cli/main.ts', `import { serve } from '#server/main.ts';`],
    ['src/cli/planted.ts', `import { x } from '../agent/main.ts';`],
    ['src/cli/planted.ts', `import { x } from './../agent/main.ts';`],
    ['src/server/planted.ts', `import { test } from 'vitest';`],
  ];

  test.each(planted)('catches a forbidden import planted in %s: %s', (file, text) => {
    expect(brokenArrows(file, scan(text).imports)).toHaveLength(1);
  });

  test('lets the allowed ones pass', () => {
    const text = `import { x } from './x.ts'; import { ok } from '#base/result.ts';`;
    for (const folder of folders)
      expect(brokenArrows(`src/${folder}/planted.ts`, scan(text).imports)).toEqual([]);
    expect(brokenArrows('src/provider/x.ts', scan(`import { exec } from '#host/exec.ts';`).imports)).toEqual(
      [],
    );
    expect(brokenArrows('src/cli/main.ts', scan(`await import('#agent/main.ts');`).imports)).toEqual([]);
  });

  test.each([
    'const f = async () => 1;',
    'await f();',
    'export {}; for await (const x of y) {}',
    'const p: Promise<void> = q;',
    'const now = Date.now();',
    "const now = Date['now']();",
    'const now = new Date();',
    'const now = Date();',
    'const x = Math.random();',
    'globalThis.process.exit();',
  ])('catches impurity: %s', (text) => {
    expect(scan(text).impurities).not.toEqual([]);
  });

  test('lets a given time pass', () => {
    expect(scan('const at = new Date(now).toISOString();').impurities).toEqual([]);
  });

  test.each([
    'export default 1;',
    'enum A { B }',
    'namespace N { export const a = 1; }',
    'class A { constructor(private x: number) {} }',
  ])('catches a banned shape: %s', (text) => {
    expect(scan(text).banned).not.toEqual([]);
  });

  test('counts the own lines of a function', () => {
    const body = '  g();\n'.repeat(70);
    const text = `const f = () => {\n${body}  const inner = () => {\n${body}  };\n};\n`;
    expect(scan(text).functions).toEqual([
      { name: 'f', line: 1, lines: 73 },
      { name: 'inner', line: 72, lines: 72 },
    ]);
  });
});

describe('the lint rules', () => {
  interface Override {
    readonly files: readonly string[];
    readonly rules: {
      readonly 'no-restricted-imports'?: readonly [
        string,
        { patterns: readonly { group: readonly string[] }[] },
      ];
    };
  }
  const { overrides } = JSON.parse(read('.oxlintrc.json')) as { overrides: readonly Override[] };

  test.each(folders)('state the same arrows for %s', (folder) => {
    const rule = overrides.find(
      (o) => o.files[0] === `src/${folder}/**` && o.rules['no-restricted-imports'] !== undefined,
    );
    const group = rule?.rules['no-restricted-imports']?.[1].patterns[0]?.group ?? [];
    const allowed = group.filter((one) => one.startsWith('!#')).map((one) => one.slice(2, -3));
    expect(group[0]).toBe('**');
    expect(allowed.sort()).toEqual([folder, ...arrows[folder]].sort());
    const packages = group.slice(2).filter((one) => !one.startsWith('!#'));
    if (pureFolders.includes(folder)) {
      expect(packages.map((one) => packageName(one.slice(1)))).toEqual(purePackages[folder] ?? []);
    }
  });
});

function lines(paths: readonly string[], wrong: (line: string) => boolean): string[] {
  return paths.flatMap((path) =>
    read(path)
      .split('\n')
      .flatMap((line, index) => (wrong(line) ? [`${path}:${index + 1} ${line.trim().slice(0, 100)}`] : [])),
  );
}
