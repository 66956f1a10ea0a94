import { type Argument, type Command, globalFlags } from './command.ts';
import { type Flag, type Flags, valueName } from './flags.ts';
import type { Paint } from './render/paint.ts';
import { padEnd } from './render/text.ts';
import { commandTable, nouns, programs } from './table-of-commands.ts';

/** `ballast --help`: every command with its line, under the headings of the table. */
export function rootHelp(paint: Paint): string {
  const groups = new Map<string, [string, string][]>();
  for (const [name, { group, summary, hidden }] of Object.entries(commandTable)) {
    if (hidden) continue;
    const noun = name.split(' ')[0] ?? name;
    const rows = groups.get(group) ?? [];
    if (!Object.hasOwn(nouns, noun)) rows.push([name, summary]);
    else if (!rows.some(([known]) => known === noun)) rows.push([noun, nounLine(noun)]);
    groups.set(group, rows);
  }
  groups.set('Programs', Object.entries(programs));
  const width = Math.max(...[...groups.values()].flat().map(([name]) => name.length)) + 2;
  return [
    'Ballast runs app containers on your own Linux machines.',
    '',
    `${paint.bold('Usage:')} ballast [flags] COMMAND [arguments]`,
    ...[...groups].flatMap(([title, rows]) => [
      '',
      paint.bold(`${title}:`),
      ...rows.map(([name, summary]) => `  ${padEnd(name, width)}${summary}`),
    ]),
    '',
    paint.bold('Examples:'),
    ...exampleLines(
      [
        {
          does: 'Check the Compose file here, see what would change, and make it so',
          line: 'ballast validate && ballast plan && ballast deploy',
        },
        { does: 'See how it is', line: 'ballast status' },
        { does: 'Follow what the web service prints', line: 'ballast logs -f web' },
      ],
      paint,
    ),
    '',
    paint.bold('Flags everywhere:'),
    ...flagLines(globalFlags),
    '',
    'ballast COMMAND --help tells more about one command.',
    '',
  ].join('\n');
}

/** `ballast machine --help`. */
export function nounHelp(noun: string, paint: Paint): string {
  const rows = Object.entries(commandTable).filter(([name]) => name.startsWith(`${noun} `));
  const width = Math.max(...rows.map(([name]) => name.length)) + 2;
  return [
    `${nouns[noun]}.`,
    '',
    `${paint.bold('Usage:')} ballast ${noun} COMMAND [arguments]`,
    '',
    paint.bold('Commands:'),
    ...rows.map(([name, { summary }]) => `  ${padEnd(name, width)}${summary}`),
    '',
    `ballast ${noun} COMMAND --help tells more about one of them.`,
    '',
  ].join('\n');
}

/** `ballast deploy --help`. */
export function commandHelp(name: string, command: Command, paint: Paint): string {
  const entry = commandTable[name];
  const own = Object.keys(command.flags).length > 0;
  const usage = [`ballast ${name}`, ...(own ? ['[flags]'] : []), ...command.args.map(argumentUsage)].join(
    ' ',
  );
  const width = Math.max(0, ...command.args.map((argument) => argument.name.length)) + 2;
  return [
    `${entry?.summary ?? programs[name]}.`,
    ...(command.details ? ['', command.details.trim()] : []),
    '',
    `${paint.bold('Usage:')} ${usage}`,
    ...(entry?.alias ? [`${paint.bold('Alias:')} ballast ${entry.alias}`] : []),
    ...(command.args.length === 0
      ? []
      : [
          '',
          paint.bold('Arguments:'),
          ...command.args.map((argument) => `  ${padEnd(argument.name, width)}${argument.summary}`),
        ]),
    '',
    paint.bold('Examples:'),
    ...exampleLines(command.examples, paint),
    ...(own ? ['', paint.bold('Flags:'), ...flagLines(command.flags)] : []),
    '',
    paint.bold('Flags everywhere:'),
    ...flagLines(globalFlags),
    '',
  ].join('\n');
}

function argumentUsage(argument: Argument): string {
  const shown = `${argument.rest ? '-- ' : ''}${argument.name}${argument.many || argument.rest ? '...' : ''}`;
  return argument.optional ? `[${shown}]` : shown;
}

function nounLine(noun: string): string {
  const verbs = Object.keys(commandTable)
    .filter((name) => name.startsWith(`${noun} `))
    .map((name) => name.slice(noun.length + 1));
  return `${nouns[noun]}: ${verbs.join(', ')}`;
}

function exampleLines(examples: Command['examples'], paint: Paint): string[] {
  return examples.flatMap(({ does, line }, index) => [
    ...(index === 0 ? [] : ['']),
    paint.dim(`  # ${does}`),
    `  ${line}`,
  ]);
}

function flagLines(flags: Flags): string[] {
  const rows = Object.entries(flags).map(([name, flag]) => [flagUsage(name, flag), flag.summary] as const);
  const width = Math.max(...rows.map(([usage]) => usage.length)) + 2;
  return rows.map(([usage, summary]) => `  ${padEnd(usage, width)}${summary}`);
}

function flagUsage(name: string, flag: Flag): string {
  const short = flag.short ? `-${flag.short}, ` : '    ';
  return `${short}--${name}${flag.kind === 'switch' ? '' : ` ${valueName(flag)}`}`;
}
