import { BallastError } from '#base/errors.ts';
import { suggest } from '#base/suggest.ts';
import { globalFlags } from './command.ts';
import { type CommandEntry, commandTable, nouns, programs } from './table-of-commands.ts';

export type Found =
  | {
      readonly kind: 'command';
      readonly name: string;
      readonly entry: CommandEntry;
      readonly rest: readonly string[];
    }
  | { readonly kind: 'noun'; readonly noun: string; readonly help: boolean }
  | { readonly kind: 'root'; readonly rest: readonly string[] };

/**
 * Finds the command in a line. Global flags may stand before its name (`ballast -c demo ps`). A mistyped name is
 * a usage error that says which was meant.
 */
export function findCommand(words: readonly string[]): Found {
  const before: string[] = [];
  let index = 0;
  while (index < words.length && words[index]?.startsWith('-') && words[index] !== '-') {
    const word = words[index] ?? '';
    before.push(word);
    index += 1;
    if ((word === '-c' || word === '--context') && index < words.length) {
      before.push(words[index] ?? '');
      index += 1;
    }
  }
  const [first, second] = words.slice(index);
  if (first === undefined) return { kind: 'root', rest: before };
  if (first === 'help') return findHelp(words.slice(index + 1));
  if (Object.hasOwn(nouns, first)) {
    if (second === undefined || second === '--help' || second === '-h') {
      return { kind: 'noun', noun: first, help: second !== undefined };
    }
    const name = `${first} ${second}`;
    const entry = entryOf(name);
    if (!entry) throw unknownVerb(first, second);
    return { kind: 'command', name, entry, rest: [...before, ...words.slice(index + 2)] };
  }
  const name = nameOf(first);
  const entry = name === undefined ? undefined : entryOf(name);
  if (name === undefined || !entry) throw unknownCommand(first);
  return { kind: 'command', name, entry, rest: [...before, ...words.slice(index + 1)] };
}

/** The names after a noun: `ls`, `add`, `rm`. */
export function verbsOf(noun: string): readonly string[] {
  return Object.keys(commandTable)
    .filter((name) => name.startsWith(`${noun} `))
    .map((name) => name.slice(noun.length + 1));
}

/** Every word that may stand first. */
export function firstWords(): readonly string[] {
  const shown = Object.entries(commandTable).filter(([, entry]) => !entry.hidden);
  const names = shown.flatMap(([name, { alias }]) => [name.split(' ')[0] ?? '', ...(alias ? [alias] : [])]);
  return [...new Set([...names, ...Object.keys(programs), 'help', 'version'])];
}

function findHelp(words: readonly string[]): Found {
  const [first, second] = words;
  if (first === undefined) return { kind: 'root', rest: [] };
  if (Object.hasOwn(nouns, first) && second === undefined) return { kind: 'noun', noun: first, help: true };
  return findCommand([...words, '--help']);
}

function nameOf(word: string): string | undefined {
  if (Object.hasOwn(commandTable, word)) return word;
  return Object.keys(commandTable).find((name) => commandTable[name]?.alias === word);
}

function entryOf(name: string): CommandEntry | undefined {
  return Object.hasOwn(commandTable, name) ? commandTable[name] : undefined;
}

function unknownCommand(word: string): BallastError {
  const meant = suggest(word, firstWords());
  return new BallastError('usage', `there is no command "${word}"`, {
    fix: meant ? `did you mean ballast ${meant}?` : 'see ballast --help for all commands',
  });
}

function unknownVerb(noun: string, verb: string): BallastError {
  const verbs = verbsOf(noun);
  const flag = verb.startsWith('-') && Object.keys(globalFlags).length > 0;
  const meant = flag ? undefined : suggest(verb, verbs);
  return new BallastError('usage', `ballast ${noun} has no command "${verb}"`, {
    fix: meant
      ? `did you mean ballast ${noun} ${meant}?`
      : `it has ${verbs.join(', ')}: see ballast ${noun} --help`,
  });
}
