import { expect, it } from 'vitest';
import { jsonList, quadletText, word, words } from './quadlet-text.ts';

it.each([
  ['plain', 'plain'],
  ['', '""'],
  ['two words', '"two words"'],
  ['A=a b', '"A=a b"'],
  ['say "hi" \\ bye', '"say \\"hi\\" \\\\ bye"'],
  ['line one\nline two\ttab', '"line one\\nline two\\ttab"'],
  ['100%', '100%%'],
  ['$HOME', '"$$HOME"'],
  ["it's", '"it\'s"'],
  ['/a/b:/c,ro', '/a/b:/c,ro'],
  ['#no comment', '"#no comment"'],
])('writes %j as one word', (text, expected) => {
  expect(word(text)).toBe(expected);
});

it('joins words with a space', () => {
  expect(words(['sh', '-c', 'echo $0 "x"'])).toBe('sh -c "echo $$0 \\"x\\""');
});

it('writes lists as JSON in which systemd expands nothing', () => {
  expect(jsonList(['sh', '-c', 'echo $0 %n "x"'])).toBe('["sh","-c","echo $$0 %%n \\"x\\""]');
});

it('writes sections with a comment above', () => {
  expect(
    quadletText('By hand.', [
      { name: 'Unit', lines: [['A', '1']] },
      { name: 'Install', lines: [['B', '2']] },
    ]),
  ).toBe('# By hand.\n[Unit]\nA=1\n\n[Install]\nB=2\n');
});
