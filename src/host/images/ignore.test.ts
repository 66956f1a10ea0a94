import { expect, test } from 'vitest';
import { isFinal, isIgnored, parseIgnore } from './ignore.ts';

const cases: readonly [rules: string, ignored: readonly string[], kept: readonly string[]][] = [
  ['node_modules', ['node_modules', 'node_modules/a/b'], ['src/node_modules', 'node_modules2']],
  ['**/node_modules', ['node_modules', 'src/node_modules/x'], ['node_modules2']],
  ['*.log', ['a.log'], ['src/a.log', 'a.logs']],
  ['**/*.log', ['a.log', 'src/deep/a.log'], ['a.txt']],
  ['/build/', ['build', 'build/x'], ['src/build']],
  ['src/**/tmp', ['src/tmp', 'src/a/b/tmp/x'], ['tmp']],
  ['docs/**', ['docs/a'], ['docs2']],
  ['a?c', ['abc'], ['ac', 'a/c']],
  ['[ab].txt', ['a.txt'], ['c.txt']],
  ['*.md\n!README.md', ['a.md'], ['README.md']],
  ['secrets\n!secrets/public\n', ['secrets/key'], ['secrets/public', 'secrets/public/x']],
  ['!a\na', ['a'], []],
  ['# a\n\n  b  \n', ['b'], ['a', '# a']],
  ['./x/../y', ['y'], ['x']],
  ['a+b.(c)', ['a+b.(c)'], ['aab.(c)']],
  ['*', ['a', 'a/b'], []],
];

test.each(cases)('%j leaves out what it names and nothing else', (text, ignored, kept) => {
  const rules = parseIgnore(text);
  for (const path of ignored) expect([path, isIgnored(rules, path)]).toEqual([path, true]);
  for (const path of kept) expect([path, isIgnored(rules, path)]).toEqual([path, false]);
});

test('an ignored directory is walked only when a later rule may take something back', () => {
  expect(isFinal(parseIgnore('a\nb'))).toBe(true);
  expect(isFinal(parseIgnore('a\n!a/b'))).toBe(false);
});
