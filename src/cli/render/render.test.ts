import { describe, expect, test } from 'vitest';
import { testShell } from '#cli/testing/shell.ts';
import { showAge } from './age.ts';
import { liveOn } from './live.ts';
import { marksFor } from './marks.ts';
import { coloured, paintName, plain, wantsColour } from './paint.ts';
import { progressOn } from './progress.ts';
import { tableLines } from './table.ts';
import { clip, listOf, tame, widthOf } from './text.ts';

describe('a table', () => {
  const rows = [
    { name: 'web', count: 12, note: '日本' },
    { name: 'database', count: 3, note: '' },
  ];
  const columns = [
    { title: 'NAME', cell: ({ name }: (typeof rows)[0]) => name },
    { title: 'COUNT', cell: ({ count }: (typeof rows)[0]) => String(count), right: true },
    { title: 'NOTE', cell: ({ note }: (typeof rows)[0]) => note },
    { title: 'MORE', cell: () => 'x', wide: true },
  ];

  test('is straight, and says - where there is nothing', () => {
    expect(tableLines(rows, columns, plain).join('\n')).toMatchInlineSnapshot(`
      "NAME      COUNT  NOTE
      web          12  日本
      database      3  -"
    `);
  });

  test('shows more when it may be wide', () => {
    expect(tableLines(rows, columns, plain, true)[0]).toBe('NAME      COUNT  NOTE  MORE');
  });

  test('stays straight in colour', () => {
    const painted = columns.map((column) => ({ ...column, paint: coloured.green }));
    const widths = tableLines(rows, painted, coloured).map((text) => widthOf(text));
    expect(widths).toEqual([21, 21, 18]);
  });
});

describe('text', () => {
  test.each([
    ['hello', 10, 'hello'],
    ['hello world', 5, 'hello\u001b[0m'],
    ['\u001b[31mhello\u001b[39m', 5, '\u001b[31mhello\u001b[39m'],
    ['\u001b[31mhello\u001b[39m world', 3, '\u001b[31mhel\u001b[0m'],
    ['日本語', 4, '日本\u001b[0m'],
  ])('%j is cut to %i columns', (text, columns, expected) => {
    expect(clip(text, columns)).toBe(expected);
  });

  test('cannot steer the terminal', () => {
    expect(tame('a\u001b]0;title\u0007b\tc\r')).toBe('a\\x1b]0;title\\x07b\tc');
  });

  test('of lists reads as a sentence', () => {
    expect([listOf([]), listOf(['a']), listOf(['a', 'b', 'c'])]).toEqual(['', 'a', 'a, b and c']);
  });

  test.each([
    [900, '0s'],
    [61_000, '61s'],
    [130_000, '2m10s'],
    [3_600_000, '60m'],
    [7_500_000, '2h5m'],
    [86_400_000 * 3, '3d'],
  ])('an age of %i ms is %s', (ms, expected) => {
    expect(showAge(ms)).toBe(expected);
  });
});

describe('colours', () => {
  test.each([
    [{}, true, false, true],
    [{}, false, false, false],
    [{ NO_COLOR: '1' }, true, false, false],
    [{ NO_COLOR: '' }, true, false, true],
    [{ CLICOLOR_FORCE: '1' }, false, false, true],
    [{ CLICOLOR_FORCE: '1', NO_COLOR: '1' }, true, false, false],
    [{ CLICOLOR_FORCE: '1' }, true, true, false],
    [{ TERM: 'dumb' }, true, false, false],
  ])('%j, terminal %s, --no-color %s: %s', (env, terminal, noColour, expected) => {
    expect(wantsColour(env, terminal, noColour)).toBe(expected);
  });

  test('a name has the same colour each time', () => {
    expect(paintName(coloured, 'web-1')).toBe(paintName(coloured, 'web-1'));
    expect(widthOf(paintName(coloured, 'web-1'))).toBe(5);
  });

  test.each([
    [{ LANG: 'C.UTF-8' }, '✓'],
    [{ LANG: 'C' }, 'ok'],
    [{ LC_ALL: 'POSIX', LANG: 'C.UTF-8' }, 'ok'],
    [{ TERM: 'linux', LANG: 'C.UTF-8' }, 'ok'],
  ])('%j shows done as %s', (env, mark) => {
    expect(marksFor(env).done).toBe(mark);
  });
});

describe('a live view', () => {
  test('is redrawn in place on a terminal, and lines scroll away above it', () => {
    const shell = testShell({ terminal: true, columns: 11 });
    const live = liveOn(shell.err);
    live.show(['one', 'two is too long']);
    live.show(['one', 'two is too long']);
    live.print('stays');
    live.show(['three']);
    live.clear();
    expect(shell.stderr()).toBe(
      'one\ntwo is too\u001b[0m\n' +
        '\u001b[2A\r\u001b[Jstays\none\ntwo is too\u001b[0m\n' +
        '\u001b[2A\r\u001b[Jthree\n' +
        '\u001b[1A\r\u001b[J',
    );
  });

  test('is not there without a terminal', () => {
    const shell = testShell();
    const live = liveOn(shell.err);
    live.show(['one']);
    live.print('stays');
    live.clear();
    expect(shell.stderr()).toBe('stays\n');
  });
});

describe('progress', () => {
  const clock = () => {
    let now = 0;
    return () => (now += 600);
  };

  test('is a line per step with its time', async () => {
    const shell = testShell({ ascii: true, now: clock() });
    const progress = progressOn(shell, false);
    await progress.step(
      'images',
      async () => 2,
      (made) => `${made} built`,
    );
    progress.tell('  a detail');
    await expect(progress.step('release', () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(shell.stderr()).toBe('ok images: 2 built  600 ms\n  a detail\nx release  600 ms\n');
  });

  test('says nothing when quiet', async () => {
    const shell = testShell();
    const progress = progressOn(shell, true);
    await progress.step('images', async () => 2);
    progress.note('x');
    expect(shell.stderr()).toBe('');
  });
});
