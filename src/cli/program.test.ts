import { describe, expect, test } from 'vitest';
import { globalFlags } from './command.ts';
import { runProgram } from './program.ts';
import { commandTable, nouns } from './table-of-commands.ts';
import { testShell } from './testing/shell.ts';

async function ballast(...words: readonly string[]) {
  const shell = testShell();
  const code = await runProgram(words, shell);
  return { code, out: shell.stdout(), err: shell.stderr() };
}

const names = Object.keys(commandTable);

describe('every command', () => {
  test.each(names)('%s explains itself with an example that names it', async (name) => {
    const { code, out, err } = await ballast(...name.split(' '), '--help');
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toContain(`ballast ${name}`);
    expect(out.split('Examples:')[1]).toContain(`ballast ${name}`);
  });

  test.each(names)('%s refuses a flag it does not have', async (name) => {
    const { code, err } = await ballast(...name.split(' '), '--helpp');
    expect(code).toBe(64);
    expect(err).toContain('did you mean --help?');
  });

  test.each(names)('%s has flags of its own that do not hide the global ones', async (name) => {
    const command = await commandTable[name]?.load();
    const own = Object.entries(command?.flags ?? {});
    const taken = new Set<string>(
      Object.values(globalFlags).flatMap((flag) => ('short' in flag ? [flag.short] : [])),
    );
    for (const [flag, { short }] of own) {
      expect(Object.keys(globalFlags)).not.toContain(flag);
      if (short !== undefined) expect(taken.has(short) ? `${name} -${short}` : 'free').toBe('free');
      if (short !== undefined) taken.add(short);
    }
  });
});

describe('help', () => {
  test('lists every command that is not hidden', async () => {
    const { code, out } = await ballast('--help');
    expect(code).toBe(0);
    for (const [name, { hidden }] of Object.entries(commandTable)) {
      const [first = ''] = name.split(' ');
      if (hidden) expect(out).not.toContain(name);
      else expect(out).toContain(`  ${first} `);
    }
  });

  test('is the same whichever way it is asked for', async () => {
    const asked = await ballast('deploy', '-h');
    expect(await ballast('help', 'deploy')).toEqual(asked);
    expect(await ballast('-c', 'x', 'deploy', '--help')).toEqual(asked);
    expect(await ballast('help', 'machine')).toEqual(await ballast('machine'));
    expect(await ballast('diff', '--help')).toEqual(await ballast('plan', '--help'));
  });

  test.each(Object.keys(nouns))('of %s lists its commands', async (noun) => {
    expect((await ballast(noun, '--help')).out).toContain(`ballast ${noun} COMMAND`);
  });
});

describe('a wrong line is a usage error', () => {
  test.each([
    [['depoly'], 'there is no command "depoly"', 'did you mean ballast deploy?'],
    [['xyzzy'], 'there is no command "xyzzy"', 'see ballast --help'],
    [['machine', 'lss'], 'ballast machine has no command "lss"', 'did you mean ballast machine ls?'],
    [
      ['machine', '--frob'],
      'ballast machine has no command "--frob"',
      'it has ls, add, user-data, drain, cordon, uncordon, replace, rm',
    ],
    [['--frob'], 'ballast has no flag --frob', 'see ballast --help'],
    [['scale'], 'SERVICE=N is missing', 'ballast scale SERVICE=N'],
    [['scale', 'web'], '"web" does not say how many replicas of which service', 'ballast scale web=5'],
    [['scale', 'web=3', 'web=4'], 'web is named twice', 'give each service one number'],
    [['deploy', '--timeout', '0'], '--timeout needs a duration longer than nothing', '--timeout 90s'],
    [['secret', 'set', 'a b'], '"a b" cannot be the name of a secret', 'ballast secret set db_password'],
    [['status', '-o', 'name'], '--output cannot be "name"', 'write one of table, wide, json, yaml'],
    [['plan', '-o', 'name'], '--output cannot be "name"', 'write one of table, wide, json, yaml'],
    [['ls', 'extra'], 'ballast ls does not take "extra"', 'ballast ls --help'],
    [['rollback', 'guestbook'], '"guestbook" is no number of a release', 'an app is named with -a'],
    [['exec', 'web'], 'COMMAND is missing', 'ballast exec'],
    [['completion', 'bsh'], 'there is no completion for "bsh"', 'did you mean bash?'],
  ])('%j', async (words, what, fix) => {
    const { code, out, err } = await ballast(...words);
    expect({ code, out }).toEqual({ code: 64, out: '' });
    expect(err).toContain(`error: ${what}`);
    expect(err).toContain(fix);
  });

  test('is told as JSON when that is asked for', async () => {
    const { code, err } = await ballast('ps', '--json', '--frob');
    expect(code).toBe(64);
    expect(JSON.parse(err)).toMatchObject({ format_version: '1.0', error: { code: 'usage', exit: 64 } });
  });
});

test('without a context it says how to get one', async () => {
  const { code, out, err } = await ballast('ps');
  expect({ code, out }).toEqual({ code: 64, out: '' });
  expect(err).toContain('ballast context add NAME --from admin.json');
});

test('a line that only asks for the version gets it', async () => {
  expect(await ballast('-q', '--version')).toEqual({ code: 0, out: 'development\n', err: '' });
});
