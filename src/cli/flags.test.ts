import { describe, expect, test } from 'vitest';
import { BallastError } from '#base/errors.ts';
import { type Flags, parseLine } from './flags.ts';

const flags = {
  follow: { kind: 'switch', short: 'f', summary: '' },
  timestamps: { kind: 'switch', short: 't', summary: '' },
  file: { kind: 'list', short: 'F', value: 'FILE', summary: '' },
  app: { kind: 'text', short: 'a', value: 'APP', summary: '' },
  tail: { kind: 'number', short: 'n', value: 'N', summary: '' },
  timeout: { kind: 'duration', value: 'TIME', summary: '' },
  output: { kind: 'choice', short: 'o', choices: ['json', 'yaml'], summary: '' },
} as const satisfies Flags;

const parse = (line: string, restFrom?: number) =>
  parseLine(line.split(' '), flags, {
    command: 'ballast x',
    ...(restFrom === undefined ? {} : { restFrom }),
  });

describe('flags are understood', () => {
  test.each([
    ['-f', { follow: true }],
    ['-ft', { follow: true, timestamps: true }],
    ['--no-follow', { follow: false }],
    ['--follow=false', { follow: false }],
    ['-a shop', { app: 'shop' }],
    ['-ashop', { app: 'shop' }],
    ['-a=shop', { app: 'shop' }],
    ['--app=a=b', { app: 'a=b' }],
    ['-fa shop', { follow: true, app: 'shop' }],
    ['-F one --file two', { file: ['one', 'two'] }],
    ['-n5', { tail: 5 }],
    ['--timeout 1m30s', { timeout: 90_000 }],
    ['--timeout 90', { timeout: 90_000 }],
    ['-ojson', { output: 'json' }],
    ['-a -', { app: '-' }],
  ])('%s', (line, expected) => {
    expect(parse(line).flags).toMatchObject(expected);
  });

  test('what is not given is false, empty or absent', () => {
    expect(parse('web').flags).toEqual({
      follow: false,
      timestamps: false,
      file: [],
      app: undefined,
      tail: undefined,
      timeout: undefined,
      output: undefined,
    });
  });

  test('flags may stand before, between and after arguments', () => {
    expect(parse('one -f two -a shop').args).toEqual(['one', 'two']);
  });

  test('everything after -- is an argument', () => {
    expect(parse('one -- -f --app').args).toEqual(['one', '-f', '--app']);
  });

  test('a command to run keeps its own flags, with and without --', () => {
    expect(parse('-t web ls -la --color', 1)).toMatchObject({
      args: ['web', 'ls', '-la', '--color'],
      flags: { timestamps: true },
    });
    expect(parse('web -t -- sh -c x', 1)).toMatchObject({
      args: ['web', 'sh', '-c', 'x'],
      flags: { timestamps: true },
    });
    expect(parse('web sh -- -c x', 1).args).toEqual(['web', 'sh', '--', '-c', 'x']);
  });
});

describe('what is wrong is a usage error that says what to do', () => {
  test.each([
    ['--folow', 'ballast x has no flag --folow', 'did you mean --follow?'],
    ['-z', 'ballast x has no flag -z', 'see ballast x --help'],
    ['-fz', 'ballast x has no flag -z', 'see ballast x --help'],
    ['--app', '--app needs a value', 'write --app APP'],
    ['-a --', '-a needs a value', 'write -a APP'],
    ['--tail ten', '--tail needs a whole number, not "ten"', undefined],
    ['--timeout soon', '--timeout needs a duration, not "soon"', expect.stringContaining('--timeout 90s')],
    ['-o jsn', '--output cannot be "jsn"', 'did you mean json?'],
    ['-o table', '--output cannot be "table"', 'write one of json, yaml'],
    ['--follow=maybe', '--follow takes no value, but was given "maybe"', undefined],
  ])('%s', (line, what, fix) => {
    let caught: unknown;
    try {
      parse(line);
    } catch (error) {
      caught = error;
    }
    expect(caught).toBeInstanceOf(BallastError);
    expect(caught).toMatchObject({
      code: 'usage',
      exit: 64,
      message: what,
      detail: fix === undefined ? {} : { fix },
    });
  });
});
