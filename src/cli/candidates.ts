import type { Client } from '#wire/client.ts';
import { type Command, globalFlags } from './command.ts';
import { findCommand, firstWords, verbsOf } from './find-command.ts';
import type { Completes, Flags } from './flags.ts';
import type { Shell } from './shell.ts';
import { commandTable, nouns, programs } from './table-of-commands.ts';

export interface Candidate {
  readonly word: string;
  readonly summary?: string;
}

const askMs = 1_000;

/** What may stand where the last word is being typed. Asks the fleet for names, but never longer than a second. */
export async function candidates(words: readonly string[], shell: Shell): Promise<readonly Candidate[]> {
  const last = words.at(-1) ?? '';
  const found = await all(words.slice(0, -1), last, shell);
  return found.filter(({ word }) => word === ':files' || word.startsWith(last));
}

async function all(before: readonly string[], last: string, shell: Shell): Promise<readonly Candidate[]> {
  const at = commandIndex(before);
  if (at === undefined) {
    if (isContextFlag(before.at(-1))) return await names('context', before, shell);
    return last.startsWith('-') ? flagCandidates(globalFlags) : firstCandidates();
  }
  const first = before[at] ?? '';
  if (Object.hasOwn(nouns, first) && before.length === at + 1) {
    return verbsOf(first).map((word) => withSummary(word, commandTable[`${first} ${word}`]?.summary));
  }
  if (first === 'help') return firstCandidates();
  if (Object.hasOwn(programs, first)) return [];
  const found = findCommand(before);
  if (found.kind !== 'command') return [];
  const command = await found.entry.load();
  return await within(command, found.rest, last, before, shell);
}

async function within(
  command: Command,
  rest: readonly string[],
  last: string,
  before: readonly string[],
  shell: Shell,
): Promise<readonly Candidate[]> {
  const flags: Flags = { ...command.flags, ...globalFlags };
  const previous = rest.at(-1);
  const waiting = previous === undefined || rest.includes('--') ? undefined : flagOf(previous, flags);
  if (waiting && waiting.kind !== 'switch') {
    return await names(waiting.kind === 'choice' ? waiting.choices : waiting.completes, before, shell);
  }
  const position = positionals(rest, flags);
  const argument = command.args[Math.min(position, command.args.length - 1)];
  const past = position >= command.args.length && !argument?.many && !argument?.rest;
  if (last.startsWith('-') && !rest.includes('--')) return flagCandidates(flags);
  return argument === undefined || past ? [] : await names(argument.completes, before, shell);
}

/** Names the fleet, the context file or the command itself know. */
async function names(
  completes: Completes | undefined,
  before: readonly string[],
  shell: Shell,
): Promise<Candidate[]> {
  if (completes === undefined) return [];
  if (typeof completes !== 'string') return completes.map((word) => ({ word }));
  if (completes === 'file') return [{ word: ':files' }];
  if (completes === 'command') return [...firstCandidates()];
  const { readContexts } = await import('./context-file.ts');
  if (completes === 'context') {
    const { contexts } = await readContexts(shell);
    return Object.values(contexts).map(({ name, server }) => ({ word: name, summary: server }));
  }
  const { connect } = await import('./connect.ts');
  const client = await connect({ context: valueAfter(before, ['-c', '--context']) }, shell);
  try {
    return await fleetNames(completes, valueAfter(before, ['-a', '--app']), client, shell);
  } finally {
    client.close();
  }
}

async function fleetNames(
  completes: Exclude<Completes, readonly string[]>,
  app: string | undefined,
  client: Client,
  shell: Shell,
): Promise<Candidate[]> {
  const options = { timeoutMs: askMs, signal: AbortSignal.any([shell.signal, AbortSignal.timeout(askMs)]) };
  switch (completes) {
    case 'machine': {
      const { machines } = await client.call('listMachines', {}, options);
      return machines.map(({ name, address }) => ({ word: name, summary: address }));
    }
    case 'secret': {
      const { secrets } = await client.call('listSecrets', {}, options);
      return secrets.map(({ name, version }) => ({ word: name, summary: `version ${version}` }));
    }
    case 'replica': {
      const { replicas } = await client.call('listReplicas', {}, options);
      return replicas.map(({ id, machine }) => ({ word: id, summary: machine }));
    }
    case 'app':
    case 'service':
    case 'service=': {
      const { apps } = await client.call('listApps', {}, options);
      if (completes === 'app') return apps.map(({ name }) => ({ word: name }));
      const shown = apps.filter(({ name }) => app === undefined || name === app);
      const end = completes === 'service=' ? '=' : '';
      return shown.flatMap((found) =>
        found.services.map(({ name }) => ({ word: `${name}${end}`, summary: `service of ${found.name}` })),
      );
    }
    default:
      return [];
  }
}

/** Where the command's name stands; undefined while it is still to be typed. */
function commandIndex(before: readonly string[]): number | undefined {
  for (let index = 0; index < before.length; index += 1) {
    const word = before[index] ?? '';
    if (isContextFlag(word)) index += 1;
    else if (!word.startsWith('-')) return index;
  }
  return undefined;
}

const isContextFlag = (word: string | undefined): boolean => word === '-c' || word === '--context';

function flagOf(word: string, flags: Flags): Flags[string] | undefined {
  if (word.startsWith('--')) return word.includes('=') ? undefined : flags[word.slice(2)];
  if (!/^-[A-Za-z]+$/.test(word)) return undefined;
  return Object.values(flags).find((flag) => flag.short === word.at(-1));
}

function positionals(rest: readonly string[], flags: Flags): number {
  let position = 0;
  for (let index = 0; index < rest.length; index += 1) {
    const word = rest[index] ?? '';
    if (!word.startsWith('-')) position += 1;
    else if (word !== '--') {
      const flag = flagOf(word, flags);
      if (flag && flag.kind !== 'switch') index += 1;
    }
  }
  return position;
}

function valueAfter(words: readonly string[], flags: readonly string[]): string | undefined {
  const index = words.findIndex((word) => flags.includes(word));
  return index < 0 ? undefined : words[index + 1];
}

function flagCandidates(flags: Flags): Candidate[] {
  return Object.entries(flags).map(([name, { summary }]) => ({ word: `--${name}`, summary }));
}

function firstCandidates(): Candidate[] {
  return firstWords().map((word) =>
    withSummary(word, commandTable[word]?.summary ?? nouns[word] ?? programs[word]),
  );
}

function withSummary(word: string, summary: string | undefined): Candidate {
  return summary === undefined ? { word } : { word, summary };
}
