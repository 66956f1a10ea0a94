import { type Argument, type Command, globalFlags } from '#cli/command.ts';
import { type Flags, valueName } from '#cli/flags.ts';
import { agentCommand, serverCommand } from '#cli/programs.ts';
import { commandTable, programs } from '#cli/table-of-commands.ts';
import { heading, table } from './markdown.ts';

/** docs/reference/cli.md: every command, as its own description tells it. */
export async function cliReference(): Promise<string> {
  const shown = Object.entries(commandTable).filter(([, { hidden }]) => !hidden);
  const commands = await Promise.all(
    shown.map(async ([name, entry]) => ({ name, ...entry, command: await entry.load() })),
  );
  const groups = [...new Set(commands.map(({ group }) => group))];
  return [
    heading(1, 'Command line'),
    '`ballast [flags] COMMAND [arguments]`. Results go to standard output, all else to standard error.',
    ...groups.map((group) =>
      [
        `**${group}**`,
        table(
          ['command', 'what it does'],
          commands
            .filter((one) => one.group === group)
            .map(({ name, summary }) => [`[\`${name}\`](#${anchor(name)})`, summary]),
        ),
      ].join('\n\n'),
    ),
    '**Programs**',
    table(
      ['command', 'what it does'],
      Object.entries(programs).map(([name, summary]) => [`[\`${name}\`](#${anchor(name)})`, summary]),
    ),
    heading(2, 'Flags everywhere'),
    flagTable(globalFlags),
    heading(2, 'Exit codes'),
    table(
      ['code', 'meaning'],
      exitCodes.map(([code, meaning]) => [String(code), meaning]),
    ),
    ...commands.map(({ name, summary, alias, command }) => section(name, summary, alias, command)),
    ...Object.entries(programCommands).map(([name, command]) =>
      section(name, programs[name] ?? '', undefined, command),
    ),
    '',
  ].join('\n\n');
}

/** The other programs of the executable, as they describe themselves; nothing is started here. */
export const programCommands: Readonly<Record<string, Command>> = {
  server: serverCommand(() => Promise.reject(new Error('only described'))),
  agent: agentCommand(() => Promise.reject(new Error('only described'))),
};

const exitCodes: readonly (readonly [number, string])[] = [
  [0, 'done: converged and healthy'],
  [1, 'an error, explained'],
  [2, 'changes or drift are present (`--detailed-exitcode`)'],
  [3, 'the rollout failed and went back to the release before'],
  [4, 'it took longer than allowed'],
  [5, 'something changed meanwhile: a stale plan, or another deploy'],
  [6, 'machines could not be reached'],
  [64, 'the command line is wrong'],
  [65, 'a file is wrong'],
  [130, 'interrupted'],
];

const anchor = (name: string): string => `ballast-${name.replaceAll(' ', '-')}`;

function section(name: string, summary: string, alias: string | undefined, command: Command): string {
  const own = Object.keys(command.flags).length > 0;
  const usage = [`ballast ${name}`, ...(own ? ['[flags]'] : []), ...command.args.map(argumentUsage)].join(
    ' ',
  );
  return [
    heading(2, `ballast ${name}`),
    `${summary}.${alias === undefined ? '' : ` Also \`ballast ${alias}\`.`}`,
    ...(command.details === undefined ? [] : [command.details.trim()]),
    `\`\`\`text\n${usage}\n\`\`\``,
    ...(command.args.length === 0
      ? []
      : [
          table(
            ['argument', 'what it is'],
            command.args.map((argument) => [`\`${argument.name}\``, argument.summary]),
          ),
        ]),
    ...(own ? [flagTable(command.flags)] : []),
    ...(command.examples.length === 0
      ? []
      : [`\`\`\`sh\n${command.examples.map(({ does, line }) => `# ${does}\n${line}`).join('\n')}\n\`\`\``]),
  ].join('\n\n');
}

function argumentUsage({ name, many, rest, optional }: Argument): string {
  const shown = `${rest ? '-- ' : ''}${name}${many || rest ? '...' : ''}`;
  return optional ? `[${shown}]` : shown;
}

function flagTable(flags: Flags): string {
  return table(
    ['flag', 'what it does'],
    Object.entries(flags).map(([name, flag]) => {
      const value = flag.kind === 'switch' ? '' : ` ${valueName(flag)}`;
      return [`\`${flag.short === undefined ? '' : `-${flag.short}, `}--${name}${value}\``, flag.summary];
    }),
  );
}
