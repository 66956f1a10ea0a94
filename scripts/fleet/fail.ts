import { BallastError } from '#base/errors.ts';

/** Ends a script with a failure told the way the command line tells it; programmer errors crash with their stack. */
export function fail(error: unknown): void {
  if (!(error instanceof BallastError)) throw error;
  const { why, fix, log = [] } = error.detail;
  const lines = [
    `error: ${error.message}`,
    ...(why === undefined ? [] : [`  why: ${why}`]),
    ...log.map((line) => `  | ${line}`),
    ...(fix === undefined ? [] : [`  fix: ${fix}`]),
  ];
  console.error(lines.join('\n'));
  process.exitCode = error.exit;
}
