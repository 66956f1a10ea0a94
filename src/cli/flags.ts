import { parseDurationMs } from '#base/duration.ts';
import { BallastError } from '#base/errors.ts';
import { suggest } from '#base/suggest.ts';

/** What a word on the command line stands for: completion offers the fleet's own names for it. */
export type Completes =
  | 'app'
  | 'service'
  | 'service='
  | 'replica'
  | 'machine'
  | 'secret'
  | 'context'
  | 'file'
  | 'command'
  | readonly string[];

interface FlagBase {
  readonly summary: string;
  readonly short?: string;
  readonly completes?: Completes;
}

export type Flag =
  | (FlagBase & { readonly kind: 'switch' })
  | (FlagBase & { readonly kind: 'text'; readonly value: string })
  | (FlagBase & { readonly kind: 'list'; readonly value: string })
  | (FlagBase & { readonly kind: 'number'; readonly value: string })
  | (FlagBase & { readonly kind: 'duration'; readonly value: string; readonly positive?: boolean })
  | (FlagBase & { readonly kind: 'choice'; readonly choices: readonly string[] });

export type Flags = Readonly<Record<string, Flag>>;

export type FlagValue<F extends Flag> = F extends { readonly kind: 'switch' }
  ? boolean
  : F extends { readonly kind: 'list' }
    ? readonly string[]
    : F extends { readonly kind: 'number' | 'duration' }
      ? number | undefined
      : F extends { readonly kind: 'choice'; readonly choices: readonly (infer C)[] }
        ? C | undefined
        : string | undefined;

export type FlagValues<F extends Flags> = { readonly [K in keyof F]: FlagValue<F[K]> };

export interface ParsedLine {
  readonly flags: Readonly<Record<string, unknown>>;
  readonly args: readonly string[];
}

export interface ParseOptions {
  /** From the argument of this position on everything is an argument: `exec web sh -c …`. */
  readonly restFrom?: number;
  /** Named in errors: `ballast deploy`. */
  readonly command: string;
}

/**
 * Splits what stands after the command's name into flags and arguments. Knows `--flag value`, `--flag=value`,
 * `-f value`, `-fvalue`, `-abc`, `--no-flag` and `--`. Throws a usage error that says what was meant instead.
 */
export function parseLine(words: readonly string[], flags: Flags, options: ParseOptions): ParsedLine {
  const values = new Map<string, unknown>();
  const args: string[] = [];
  const pending = [...words];
  for (let word = pending.shift(); word !== undefined; word = pending.shift()) {
    if (word === '--') {
      args.push(...pending.splice(0));
    } else if (word.startsWith('--')) {
      readLong(word, pending, flags, values, options);
    } else if (word.startsWith('-') && word !== '-') {
      readShort(word, pending, flags, values, options);
    } else {
      args.push(word);
      if (options.restFrom !== undefined && args.length > options.restFrom) args.push(...dropMark(pending));
    }
  }
  for (const [name, flag] of Object.entries(flags)) {
    if (!values.has(name)) values.set(name, absent(flag));
  }
  return { flags: Object.fromEntries(values), args };
}

function dropMark(pending: string[]): string[] {
  return pending.splice(0);
}

function absent(flag: Flag): unknown {
  if (flag.kind === 'switch') return false;
  return flag.kind === 'list' ? [] : undefined;
}

function readLong(
  word: string,
  pending: string[],
  flags: Flags,
  values: Map<string, unknown>,
  options: ParseOptions,
): void {
  const equals = word.indexOf('=');
  const name = word.slice(2, equals < 0 ? undefined : equals);
  const given = equals < 0 ? undefined : word.slice(equals + 1);
  const flag = Object.hasOwn(flags, name) ? flags[name] : undefined;
  const off = name.startsWith('no-') ? flags[name.slice(3)] : undefined;
  if (flag === undefined && off?.kind === 'switch') {
    values.set(name.slice(3), false);
    return;
  }
  if (flag === undefined) throw unknownFlag(`--${name}`, flags, options);
  if (flag.kind === 'switch') {
    if (given !== undefined && given !== 'true' && given !== 'false') {
      throw new BallastError('usage', `--${name} takes no value, but was given "${given}"`);
    }
    values.set(name, given !== 'false');
    return;
  }
  store(name, flag, given ?? nextValue(`--${name}`, flag, pending), values);
}

function readShort(
  word: string,
  pending: string[],
  flags: Flags,
  values: Map<string, unknown>,
  options: ParseOptions,
): void {
  for (let index = 1; index < word.length; index += 1) {
    const letter = word[index] ?? '';
    const found = Object.entries(flags).find(([, flag]) => flag.short === letter);
    if (!found) throw unknownFlag(index === 1 ? word : `-${letter}`, flags, options);
    const [name, flag] = found;
    if (flag.kind === 'switch') {
      values.set(name, true);
      continue;
    }
    const attached = word.slice(index + 1).replace(/^=/, '');
    store(name, flag, attached === '' ? nextValue(`-${letter}`, flag, pending) : attached, values);
    return;
  }
}

function nextValue(shown: string, flag: Exclude<Flag, { kind: 'switch' }>, pending: string[]): string {
  const value = pending.shift();
  if (value === undefined || value === '--') {
    throw new BallastError('usage', `${shown} needs a value`, { fix: `write ${shown} ${valueName(flag)}` });
  }
  return value;
}

function store(
  name: string,
  flag: Exclude<Flag, { kind: 'switch' }>,
  text: string,
  values: Map<string, unknown>,
): void {
  switch (flag.kind) {
    case 'text':
      values.set(name, text);
      return;
    case 'list':
      values.set(name, [...((values.get(name) as readonly string[] | undefined) ?? []), text]);
      return;
    case 'number':
      if (!/^\d+$/.test(text)) {
        throw new BallastError('usage', `--${name} needs a whole number, not "${text}"`);
      }
      values.set(name, Number(text));
      return;
    case 'duration': {
      const ms = parseDurationMs(text) ?? (/^\d+$/.test(text) ? Number(text) * 1000 : undefined);
      if (ms === undefined) {
        throw new BallastError('usage', `--${name} needs a duration, not "${text}"`, {
          fix: `write for example --${name} 90s, --${name} 5m or --${name} 1h30m`,
        });
      }
      if (flag.positive && ms === 0) {
        throw new BallastError('usage', `--${name} needs a duration longer than nothing, not "${text}"`, {
          fix: `write for example --${name} 90s, --${name} 5m or --${name} 1h30m`,
        });
      }
      values.set(name, ms);
      return;
    }
    case 'choice':
      if (!flag.choices.includes(text)) {
        const meant = suggest(text, flag.choices);
        throw new BallastError('usage', `--${name} cannot be "${text}"`, {
          fix: meant ? `did you mean ${meant}?` : `write one of ${flag.choices.join(', ')}`,
        });
      }
      values.set(name, text);
  }
}

/** What a flag's value is called in help: `FILE`, `table|json`. */
export function valueName(flag: Exclude<Flag, { kind: 'switch' }>): string {
  return flag.kind === 'choice' ? flag.choices.join('|') : flag.value;
}

function unknownFlag(shown: string, flags: Flags, { command }: ParseOptions): BallastError {
  const meant = shown.startsWith('--') ? suggest(shown.slice(2), Object.keys(flags)) : undefined;
  return new BallastError('usage', `${command} has no flag ${shown}`, {
    fix: meant ? `did you mean --${meant}?` : `see ${command} --help`,
  });
}
