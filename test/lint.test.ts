import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { root } from './tidy/files.ts';

// A rule that is misspelt or switched off passes in silence. So each rule that matters is broken here on purpose,
// in a copy of the project's shape, and the linter must refuse it.

interface Planted {
  readonly file: string;
  readonly rule: string;
  readonly text: string;
}

const planted: readonly Planted[] = [
  ...[
    ['base', '#spec/model.ts'],
    ['spec', '#plan/model.ts'],
    ['plan', '#compile/manifest.ts'],
    ['plan', 'node:fs'],
    ['compile', '#converge/diff.ts'],
    ['converge', '#host/exec.ts'],
    ['wire', '#store/port.ts'],
    ['store', '#host/exec.ts'],
    ['host', '#provider/port.ts'],
    ['provider', '#wire/views.ts'],
    ['provider', '#store/port.ts'],
    ['server', '#agent/main.ts'],
    ['agent', '#cli/main.ts'],
    ['cli', '#server/main.ts'],
    ['server', '../base/errors.ts'],
  ].map(([folder, from], index) => ({
    file: `src/${folder}/import-${index}.ts`,
    rule: 'eslint(no-restricted-imports)',
    text: `import * as planted from '${from}';\nexport const use = planted;\n`,
  })),
  ...['process.exit()', 'setTimeout(() => {}, 1)', "fetch('x')", "console.log('x')", 'globalThis'].map(
    (use, index) => ({
      file: `src/plan/global-${index}.ts`,
      rule: 'eslint(no-restricted-globals)',
      text: `export const use = () => ${use};\n`,
    }),
  ),
  ...['Date.now()', 'Math.random()'].map((use, index) => ({
    file: `src/compile/property-${index}.ts`,
    rule: 'eslint(no-restricted-properties)',
    text: `export const use = () => ${use};\n`,
  })),
  {
    file: 'src/server/floating.ts',
    rule: 'typescript(no-floating-promises)',
    text: 'const work = async () => 1;\nexport function start() {\n  work();\n}\n',
  },
  {
    file: 'src/server/misused.ts',
    rule: 'typescript(no-misused-promises)',
    text: 'const work = async () => {};\nexport const start = () => setInterval(work, 5);\n',
  },
  {
    file: 'src/server/exhaustive.ts',
    rule: 'typescript(switch-exhaustiveness-check)',
    text: "export function f(kind: 'a' | 'b') {\n  switch (kind) {\n    case 'a':\n      return 1;\n  }\n  return 2;\n}\n",
  },
  {
    file: 'src/server/default.ts',
    rule: 'import(no-default-export)',
    text: 'export default 1;\n',
  },
  {
    file: 'src/server/any.ts',
    rule: 'typescript(no-explicit-any)',
    text: 'export const f = (x: any) => x;\n',
  },
  {
    file: 'src/server/cycle.ts',
    rule: 'import(no-cycle)',
    text: "import { b } from './cycle-back.ts';\nexport const a = () => b();\n",
  },
];
const clean: readonly Planted[] = [
  {
    file: 'src/server/cycle-back.ts',
    rule: '',
    text: "import { a } from './cycle.ts';\nexport const b = () => a();\n",
  },
  {
    file: 'src/plan/clean.ts',
    rule: '',
    text: "import { ok } from '#base/result.ts';\nexport const f = () => ok(1);\n",
  },
  {
    file: 'src/cli/main.ts',
    rule: '',
    text: "export const serve = async () => await import('#server/main.ts');\n",
  },
  {
    file: 'src/provider/clean.ts',
    rule: '',
    text: "import { run } from '#host/exec.ts';\nexport const go = run;\n",
  },
];

describe('the linter', () => {
  let folder = '';
  let found: readonly { readonly code: string; readonly filename: string }[] = [];

  beforeAll(() => {
    mkdirSync(join(root, '.cache'), { recursive: true });
    folder = mkdtempSync(join(root, '.cache', 'lint-'));
    for (const name of ['.oxlintrc.json', 'tsconfig.json', 'package.json'])
      cpSync(join(root, name), join(folder, name));
    for (const { file, text } of [...planted, ...clean]) {
      mkdirSync(dirname(join(folder, file)), { recursive: true });
      writeFileSync(join(folder, file), text);
    }
    const oxlint = join(root, 'node_modules/.bin/oxlint');
    const argv = ['--format=json', ...[...planted, ...clean].map(({ file }) => file)];
    const { stdout, stderr } = spawnSync(oxlint, argv, { cwd: folder, encoding: 'utf8', timeout: 60_000 });
    const answer = (stdout.startsWith('{') ? JSON.parse(stdout) : { diagnostics: [] }) as {
      diagnostics: typeof found;
    };
    found = answer.diagnostics;
    expect(found, stderr + stdout).not.toEqual([]);
  }, 90_000);

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test.each(planted)('refuses $file by $rule', ({ file, rule }) => {
    expect(found.filter(({ filename }) => filename === file).map(({ code }) => code)).toContain(rule);
  });

  test.each(clean.slice(1))('has nothing against $file', ({ file }) => {
    expect(found.filter(({ filename }) => filename === file)).toEqual([]);
  });
});
