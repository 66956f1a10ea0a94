import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { BallastError } from '#base/errors.ts';
import { printFailure } from './failure.ts';
import { testShell } from './testing/shell.ts';

const cwd = mkdtempSync(join(tmpdir(), 'ballast-failure-'));
afterAll(() => rmSync(cwd, { recursive: true }));
writeFileSync(join(cwd, 'compose.yaml'), 'services:\n  web:\n\timagee: nginx\n');

function shown(
  error: unknown,
  options: { json?: boolean; env?: Record<string, string>; ascii?: boolean } = {},
) {
  const shell = testShell({ cwd, env: options.env ?? {}, ascii: options.ascii ?? false });
  const code = printFailure(error, shell, { json: options.json ?? false });
  expect(shell.stdout()).toBe('');
  return { code, text: shell.stderr() };
}

test('an error says what, why, the log that shows it and what to do next', () => {
  const error = new BallastError('rolled-back', 'release 4 of shop failed; release 3 runs again', {
    why: 'service web: shop-web-1-r4 on app-2 exited (exit code 3)',
    log: ['listening on 8080', '\u001b[31mcannot bind\u001b[0m'],
    fix: 'mend it\nthen deploy again',
  });
  const { code, text } = shown(error);
  expect(code).toBe(3);
  expect(text).toMatchInlineSnapshot(`
    "error: release 4 of shop failed; release 3 runs again
      service web: shop-web-1-r4 on app-2 exited (exit code 3)
      │ listening on 8080
      │ \\x1b[31mcannot bind\\x1b[0m
      → mend it
        then deploy again
    "
  `);
});

test('problems of a file come with their line and a mark under the place', () => {
  const error = new BallastError('bad-file', 'compose.yaml has 2 problems', {
    problems: [
      {
        code: 'compose/unknown-key',
        what: 'services.web has no key imagee',
        fix: 'did you mean image?',
        at: { file: join(cwd, 'compose.yaml'), line: 3, column: 2 },
      },
      { code: 'x', what: 'elsewhere', why: 'because', at: { file: '/gone.yaml', line: 1, column: 1 } },
    ],
  });
  const { code, text } = shown(error, { ascii: true });
  expect(code).toBe(65);
  expect(text).toMatchInlineSnapshot(`
    "error: compose.yaml has 2 problems

    compose.yaml:3:2: services.web has no key imagee (compose/unknown-key)
      3 | 	imagee: nginx
        | 	^
        -> did you mean image?

    /gone.yaml:1:1: elsewhere (x)
        because
    "
  `);
});

test('the file to give again is named as it was given', () => {
  const fix = (file: string) => `or: \`ballast deploy -f ${file} --force app-1\``;
  expect(shown(new BallastError('refused', 'no', { fix: fix(`${cwd}/a b.yaml`) })).text).toContain(
    'deploy -f a b.yaml --force app-1',
  );
  expect(shown(new BallastError('refused', 'no', { fix: fix(`${cwd}/(standard input)`) })).text).toContain(
    'deploy -f - --force app-1',
  );
});

test('for a program the error is one line of JSON', () => {
  const { code, text } = shown(new BallastError('conflict', 'somebody was faster', { fix: 'look' }), {
    json: true,
  });
  expect(code).toBe(5);
  expect(JSON.parse(text)).toEqual({
    format_version: '1.0',
    error: { code: 'conflict', what: 'somebody was faster', fix: 'look', exit: 5 },
  });
});

test('a mistake of ours is said to be one, with its stack only when asked for', () => {
  const { code, text } = shown(new TypeError('x is not a function'));
  expect(code).toBe(1);
  expect(text).toContain('internal error: x is not a function');
  expect(text).toContain('BALLAST_DEBUG=1');
  expect(text).not.toContain('failure.test.ts');
  expect(shown(new TypeError('x'), { env: { BALLAST_DEBUG: '1' } }).text).toContain('failure.test.ts');
});

test.each([
  ['ENOENT', 'cannot open /x', 'it does not exist'],
  ['EACCES', 'cannot open /x', 'you may not: permission denied'],
  ['ENOSPC', 'cannot open /x', 'the disk is full'],
])('what the system refuses is said in words: %s', (code, what, why) => {
  const { text } = shown(Object.assign(new Error('raw'), { code, path: '/x', syscall: 'open' }));
  expect(text).toContain(`error: ${what}`);
  expect(text).toContain(why);
});
