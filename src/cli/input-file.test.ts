import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readText } from './input-file.ts';

let folder: string;
const named = (name: string, content: string | Buffer): string => {
  writeFileSync(join(folder, name), content);
  return join(folder, name);
};

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ballast-input-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('a text is read whole, letters of several bytes too', () => {
  const text = 'ä'.repeat(100_000);
  expect(readText(named('text', text))).toBe(text);
  expect(readText(named('empty', ''))).toBe('');
});

test('what is no text, or has no end, is refused without being read to its end', () => {
  expect(() => readText('/dev/zero')).toThrow('is no text file');
  expect(() => readText(named('long', 'x'.repeat(9 * 1024 * 1024)))).toThrow('is too long');
});

test('a file that is not there is told by the system', () => {
  expect(() => readText(join(folder, 'none'))).toThrow('ENOENT');
});
