import { expect, test } from 'vitest';
import { readBases, readInstructions } from './containerfile.ts';

const cases: readonly [name: string, text: string, bases: readonly string[]][] = [
  ['one base', 'FROM debian:13\nRUN true', ['debian:13']],
  ['nothing but scratch', 'FROM scratch\nADD a /', []],
  [
    'stages are no bases',
    'FROM a AS build\nFROM b\nCOPY --from=build /x /x\nCOPY --from=0 /y /y',
    ['a', 'b'],
  ],
  ['images that files are copied from', 'FROM a\nCOPY --chown=1:1 --from=tools:1 /x /x', ['a', 'tools:1']],
  ['images that are mounted', 'FROM a\nRUN --mount=type=bind,from=tools:2,target=/t make', ['a', 'tools:2']],
  ['a platform', 'FROM --platform=linux/amd64 a AS x', ['a']],
  ['an argument with a default', 'ARG BASE=a:1\nFROM ${BASE}', ['a:1']],
  ['an argument given', 'ARG GIVEN=a:1\nFROM $GIVEN', ['given:2']],
  ['a fallback', 'ARG NONE\nFROM ${NONE:-fallback:3}', ['fallback:3']],
  ['quoted defaults and defaults of defaults', 'ARG V="17"\nARG B=pg:$V\nFROM $B', ['pg:17']],
  ['lower case, comments and continued lines', '# FROM x\nfrom \\\n  # no\n  a:1 as b\nFROM b', ['a:1']],
  ['here-documents are not read', 'FROM a\nRUN <<EOF\nFROM b\nEOF\nCOPY --from=c /x /x', ['a', 'c']],
  ['nothing at all', '', []],
];

test.each(cases)('%s', (_, text, bases) => {
  expect(readBases(text, { GIVEN: 'given:2' })).toEqual(bases);
});

test('an argument after the first FROM is not for FROM', () => {
  expect(readBases('FROM a\nARG B=x\nFROM ${B:-y}', {})).toEqual(['a', 'y']);
});

test('a continued instruction is one', () => {
  expect(readInstructions('RUN a \\\n\n && b\nCMD c')).toEqual([
    { instruction: 'RUN', rest: 'a  && b' },
    { instruction: 'CMD', rest: 'c' },
  ]);
});
