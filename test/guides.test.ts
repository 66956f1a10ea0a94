import { describe, expect, test } from 'vitest';
import { readDocument } from './docs/markdown.ts';
import { projectFiles, read } from './tidy/files.ts';

// Code that a guide quotes stands in the file that it names: a guide that is out of date is found out.

const quotes = projectFiles('docs/guides')
  .filter((file) => file.endsWith('.md'))
  .flatMap((file) => readDocument(file, read(file)).blocks)
  .flatMap(({ info, document, line, text }) => {
    const [language, path = ''] = info;
    return language === 'ts' && path.includes('/') ? [{ document, line, path, text }] : [];
  });

describe('what guides quote', () => {
  test.each(quotes)('stands in $path: $document:$line', ({ path, text }) => {
    expect(read(path)).toContain(text.trimEnd());
  });

  test('is quoted at all', () => {
    expect(quotes.map(({ path }) => path)).toEqual(
      expect.arrayContaining(['src/compile/manifest.ts', 'src/converge/kinds.ts', 'src/host/facilities.ts']),
    );
  });
});
