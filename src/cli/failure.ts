import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { BallastError, toWire } from '#base/errors.ts';
import { type Origin, type Problem, showOrigin } from '#base/result.ts';
import { isStandardInput } from './app-files.ts';
import { tame } from './render/text.ts';
import { line, type Shell } from './shell.ts';

/** Prints a failure, whatever it is, and answers with the exit code. The one place where errors become text. */
export function printFailure(error: unknown, shell: Shell, options: { readonly json: boolean }): number {
  const known = asBallastError(error);
  if (!known) return printUnexpected(error, shell, options);
  if (options.json) {
    line(shell.err, JSON.stringify({ format_version: '1.0', error: { ...toWire(known), exit: known.exit } }));
  } else {
    for (const text of failureLines(known, shell)) line(shell.err, text);
  }
  if (shell.env['BALLAST_DEBUG'] === '1') printChain(known, shell);
  return known.exit;
}

/** The lines an error is shown with: what, why, all problems with their source, the log, and what to do next. */
export function failureLines(error: BallastError, shell: Shell): string[] {
  const { paint, marks } = shell.err;
  const { why, fix, log = [], problems = [] } = error.detail;
  return [
    `${error.code === 'interrupted' ? '' : `${paint.bold(paint.red('error:'))} `}${tame(error.message)}`,
    ...(why === undefined ? [] : why.split('\n').map((text) => `  ${tame(text)}`)),
    ...problems.flatMap((problem) => ['', ...problemLines(problem, shell)]),
    ...(problems.length > 0 && (log.length > 0 || fix !== undefined) ? [''] : []),
    ...log.map((text) => paint.dim(`  ${marks.bar} ${tame(text)}`)),
    ...(fix === undefined ? [] : fixLines(fix, shell)),
  ];
}

/** One problem of a file: place, what and code, the line itself with a mark under it, why and what to do. */
export function problemLines(problem: Problem, shell: Shell): string[] {
  const { paint } = shell.err;
  const place = problem.at
    ? `${paint.bold(showOrigin({ ...problem.at, file: nearName(problem.at.file, shell) }))}: `
    : '';
  return [
    `${place}${tame(problem.what)} ${paint.dim(`(${problem.code})`)}`,
    ...(problem.at ? excerpt(problem.at, shell) : []),
    ...(problem.why === undefined ? [] : [`    ${tame(problem.why)}`]),
    ...(problem.fix === undefined ? [] : fixLines(problem.fix, shell, '    ')),
  ];
}

/** Problems that do not stop the command. */
export function printWarnings(warnings: readonly Problem[], shell: Shell): void {
  const { paint } = shell.err;
  for (const warning of warnings) {
    const [first = '', ...more] = problemLines(warning, shell);
    line(shell.err, `${paint.yellow('warning:')} ${first}`);
    for (const text of more) line(shell.err, text);
  }
}

/** A path as a person here would write it: relative when it lies below the current directory. */
export function nearName(file: string, shell: Pick<Shell, 'cwd'>): string {
  return file.startsWith(`${shell.cwd}/`) ? file.slice(shell.cwd.length + 1) : file;
}

/** As a person would write it after `-f`. */
const givenName = (file: string, shell: Shell): string =>
  isStandardInput(file) ? '-' : nearName(file, shell);

function fixLines(fix: string, shell: Shell, indent = '  '): string[] {
  const arrow = shell.err.paint.cyan(shell.err.marks.arrow);
  // The server knows files by their whole path.
  const near = fix.replaceAll(/ -f (\/[^`]*?)(?= --)/g, (_, file: string) => ` -f ${givenName(file, shell)}`);
  return near.split('\n').map((text, index) => `${indent}${index === 0 ? `${arrow} ` : '  '}${tame(text)}`);
}

function excerpt(at: Origin, shell: Shell): string[] {
  let text: string | undefined;
  try {
    text = readFileSync(resolve(shell.cwd, at.file), 'utf8').split('\n')[at.line - 1];
  } catch {
    return []; // the file may be elsewhere, or gone: the place alone must do
  }
  if (text === undefined || text.trim() === '') return [];
  const { paint, marks } = shell.err;
  const number = String(at.line);
  const before = text.slice(0, at.column - 1).replace(/[^\t]/g, ' ');
  const blank = ' '.repeat(number.length);
  return [
    paint.dim(`  ${number} ${marks.bar} `) + tame(text.trimEnd()),
    `${paint.dim(`  ${blank} ${marks.bar} `)}${before}${paint.red('^')}`,
  ];
}

function printUnexpected(error: unknown, shell: Shell, options: { readonly json: boolean }): number {
  const message = error instanceof Error ? error.message : String(error);
  if (options.json) {
    line(
      shell.err,
      JSON.stringify({ format_version: '1.0', error: { code: 'internal', what: message, exit: 1 } }),
    );
    return 1;
  }
  const { paint, marks } = shell.err;
  line(shell.err, `${paint.bold(paint.red('internal error:'))} ${tame(message)}`);
  line(shell.err, '  This is a mistake in Ballast, not in what you did. Nothing more was changed.');
  if (shell.env['BALLAST_DEBUG'] === '1') {
    line(shell.err, error instanceof Error ? (error.stack ?? message) : message);
  } else {
    line(
      shell.err,
      `  ${paint.cyan(marks.arrow)} run it again with BALLAST_DEBUG=1 and report what it prints, with ballast --version`,
    );
  }
  return 1;
}

function printChain(error: BallastError, shell: Shell): void {
  line(shell.err, error.stack ?? '');
  let cause: unknown = error.detail.cause;
  for (let depth = 0; cause instanceof Error && depth < 5; depth += 1) {
    line(shell.err, `caused by ${cause.stack ?? cause.message}`);
    cause = cause.cause;
  }
}

/** What the platform throws for everyday reasons, said in our words. */
function asBallastError(error: unknown): BallastError | undefined {
  if (error instanceof BallastError) return error;
  if (!(error instanceof Error)) return undefined;
  if (error.name === 'AbortError') return new BallastError('interrupted', 'interrupted', { cause: error });
  const { code, path, syscall } = error as NodeJS.ErrnoException;
  if (path === undefined || syscall === undefined) return undefined;
  const reasons: Readonly<Record<string, string>> = {
    ENOENT: 'it does not exist',
    EACCES: 'you may not: permission denied',
    EPERM: 'you may not: not permitted',
    EISDIR: 'it is a directory',
    ENOTDIR: 'a part of the path is not a directory',
    EROFS: 'the file system is read-only',
    ENOSPC: 'the disk is full',
    EMFILE: 'too many files are open',
  };
  const why = reasons[code ?? ''];
  if (why === undefined) return undefined;
  const verb =
    { open: 'open', mkdir: 'make', rename: 'rename', unlink: 'remove', scandir: 'list' }[syscall] ?? syscall;
  return new BallastError('command-failed', `cannot ${verb} ${path}`, { why, cause: error });
}
