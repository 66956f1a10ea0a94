import { describe, expect, test } from 'vitest';
import { quote, quoteAll } from './quote.ts';
import { parseTarget, showTarget } from './target.ts';

describe('an ssh address', () => {
  test.each([
    ['root@192.0.2.10', { user: 'root', host: '192.0.2.10', port: 22 }, 'root@192.0.2.10'],
    ['web.example.com', { user: 'root', host: 'web.example.com', port: 22 }, 'root@web.example.com'],
    ['ana@web:2222', { user: 'ana', host: 'web', port: 2222 }, 'ana@web:2222'],
    ['root@[2001:db8::1]:22', { user: 'root', host: '2001:db8::1', port: 22 }, 'root@[2001:db8::1]'],
  ])('%s is read', (text, target, shown) => {
    expect(parseTarget(text)).toEqual({ ok: true, value: target });
    expect(showTarget(target)).toBe(shown);
  });

  test.each([
    '',
    'root@',
    '@host',
    '-oProxyCommand=x',
    'root@-oProxyCommand=x',
    '-x@host',
    'a b@host',
    'host:0',
    'host:70000',
    'root@192.0.2.300',
    'ssh://host',
  ])('%j is refused with what to write instead', (text) => {
    const result = parseTarget(text);
    expect(result.ok).toBe(false);
    expect(!result.ok && result.problems[0]?.fix).toBeTruthy();
  });
});

test.each([
  ['plain-word_1.2', 'plain-word_1.2'],
  ['', "''"],
  ['two words', "'two words'"],
  ["it's", "'it'\\''s'"],
  ['$(reboot)', "'$(reboot)'"],
])('the text %j is the shell word %s', (text, word) => {
  expect(quote(text)).toBe(word);
});

test('words stay apart', () => {
  expect(quoteAll(['a', 'b c', ';'])).toBe("a 'b c' ';'");
});
