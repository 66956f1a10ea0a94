import { createInterface } from 'node:readline/promises';
import { BallastError } from '#base/errors.ts';
import { listOf } from './render/text.ts';
import { line, type Shell } from './shell.ts';

/**
 * Asks before something that cannot be taken back. `-y` and BALLAST_YES=1 answer for the person; where nobody can
 * be asked it is refused, never assumed.
 */
export async function confirm(
  what: string,
  consequences: readonly string[],
  flags: { readonly yes: boolean },
  shell: Shell,
): Promise<void> {
  if (flags.yes || shell.env['BALLAST_YES'] === '1') return;
  if (!shell.input.isTerminal || !shell.err.isTerminal) {
    throw new BallastError('usage', `cannot ${what.charAt(0).toLowerCase()}${what.slice(1)} without a yes`, {
      ...(consequences.length > 0 ? { why: listOf(consequences) } : {}),
      fix: 'there is nobody here to ask: say it with -y',
    });
  }
  for (const text of consequences)
    line(shell.err, `  ${shell.err.paint.yellow(shell.err.marks.warning)} ${text}`);
  const reader = createInterface({ input: shell.input.stream, output: process.stderr });
  try {
    const answer = await reader.question(`${what}? [y/N] `, { signal: shell.signal });
    if (/^y(es)?$/i.test(answer.trim())) return;
  } catch (error) {
    line(shell.err); // the prompt's own line is still open
    throw error;
  } finally {
    reader.close();
  }
  throw new BallastError('interrupted', 'not confirmed: nothing was changed');
}
