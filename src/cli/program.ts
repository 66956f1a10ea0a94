import { BallastError } from '#base/errors.ts';
import { type Argument, type Command, type Given, globalFlags } from './command.ts';
import { printFailure } from './failure.ts';
import { findCommand } from './find-command.ts';
import { type Flags, parseLine } from './flags.ts';
import { commandHelp, nounHelp, rootHelp } from './help.ts';
import type { Shell } from './shell.ts';
import { versionText } from './version.ts';

/** Runs one command line and answers with its exit code. Never throws. */
export async function runProgram(words: readonly string[], shell: Shell): Promise<number> {
  return await guarded(words, shell, () => dispatch(words, shell));
}

/** Runs a command that is not in the table: the server or the agent, which main.ts brings. Never throws. */
export async function runOther(
  name: string,
  other: Command,
  words: readonly string[],
  shell: Shell,
): Promise<number> {
  return await guarded(words, shell, () => runCommand(name, other, words, shell));
}

async function guarded(words: readonly string[], shell: Shell, run: () => Promise<number>): Promise<number> {
  try {
    return await run();
  } catch (error) {
    const reason: unknown = shell.signal.aborted ? shell.signal.reason : undefined;
    const interrupted = reason instanceof BallastError && isOurAbort(error);
    return printFailure(interrupted ? reason : error, shell, { json: wantsJson(words) });
  }
}

async function dispatch(words: readonly string[], shell: Shell): Promise<number> {
  const found = findCommand(words);
  if (found.kind === 'noun') {
    shell.out.write(nounHelp(found.noun, shell.out.paint));
    return 0;
  }
  if (found.kind === 'root') {
    const { flags } = parseLine(found.rest, { ...globalFlags, ...versionFlag }, { command: 'ballast' });
    shell.out.write(flags['version'] ? `${versionText()}\n` : rootHelp(shell.out.paint));
    return 0;
  }
  return await runCommand(found.name, await found.entry.load(), found.rest, shell);
}

const versionFlag = { version: { kind: 'switch', short: 'V', summary: '' } } as const;

async function runCommand(
  name: string,
  command: Command,
  words: readonly string[],
  shell: Shell,
): Promise<number> {
  const restAt = command.args.findIndex((argument) => argument.rest);
  const parsed = parseLine(words, flagsOf(command), {
    command: `ballast ${name}`,
    ...(restAt < 0 ? {} : { restFrom: restAt }),
  });
  if (parsed.flags['help']) {
    shell.out.write(commandHelp(name, command, shell.out.paint));
    return 0;
  }
  checkArguments(name, command.args, parsed.args);
  return await command.run(parsed as Given<Flags>, shell);
}

export function flagsOf(command: Command): Flags {
  return { ...command.flags, ...globalFlags };
}

function checkArguments(name: string, wanted: readonly Argument[], given: readonly string[]): void {
  const usage = `ballast ${name} ${wanted.map((argument) => argument.name).join(' ')}`.trim();
  const missing = wanted.findIndex((argument, index) => !argument.optional && given[index] === undefined);
  if (missing >= 0) {
    throw new BallastError('usage', `${wanted[missing]?.name} is missing`, {
      fix: `write ${usage}; see ballast ${name} --help`,
    });
  }
  const last = wanted.at(-1);
  if (given.length > wanted.length && !last?.many && !last?.rest) {
    throw new BallastError('usage', `ballast ${name} does not take "${given[wanted.length]}"`, {
      fix: `write ${usage}; see ballast ${name} --help`,
    });
  }
}

/** Asked of the raw words, since parsing itself may be what failed. */
function wantsJson(words: readonly string[]): boolean {
  const end = words.indexOf('--');
  const own = end < 0 ? words : words.slice(0, end);
  return own.some(
    (word, index) =>
      word === '--json' ||
      word === '-ojson' ||
      word === '--output=json' ||
      (word === 'json' && (own[index - 1] === '-o' || own[index - 1] === '--output')),
  );
}

/** Errors that only say that a wait was cut short; the reason says more. */
function isOurAbort(error: unknown): boolean {
  if (error instanceof BallastError)
    return error.code === 'interrupted' && error.detail.why === undefined && error.detail.fix === undefined;
  return error instanceof Error && (error.name === 'AbortError' || error.name === 'TimeoutError');
}
