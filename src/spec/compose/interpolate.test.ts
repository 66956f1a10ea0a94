import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { interpolate } from './interpolate.ts';

const variables: Readonly<Record<string, string>> = { A: 'a', EMPTY: '', B: 'b', _x1: 'under' };
const lookup = (name: string): string | undefined =>
  Object.hasOwn(variables, name) ? variables[name] : undefined;
const expand = (text: string) => interpolate(text, lookup);

describe('interpolation', () => {
  test.each([
    ['plain', 'plain'],
    ['$A', 'a'],
    ['${A}', 'a'],
    ['$A$B', 'ab'],
    ['$A-$B', 'a-b'],
    ['$A.b', 'a.b'],
    ['$_x1', 'under'],
    ['$NOPE', ''],
    ['$$A', '$A'],
    ['$$$A', '$a'],
    ['$$$$', '$$'],
    ['$${A}', '${A}'],
    ['${NOPE:-d}', 'd'],
    ['${NOPE-d}', 'd'],
    ['${EMPTY:-d}', 'd'],
    ['${EMPTY-d}', ''],
    ['${A:-d}', 'a'],
    ['${A:+c}', 'c'],
    ['${EMPTY:+c}', ''],
    ['${EMPTY+c}', 'c'],
    ['${NOPE+c}', ''],
    ['${A:?e}', 'a'],
    ['${EMPTY?e}', ''],
    ['${NOPE:-}', ''],
    ['${NOPE:-$A}', 'a'],
    ['${NOPE:-${NOPE:-${B}}}', 'b'],
    ['${NOPE:-a b: c}', 'a b: c'],
    ['${NOPE:-x-$$y}', 'x-$y'],
    ['${A:+${B}}', 'b'],
    ['${NOPE:-http://h:80/?a=b}', 'http://h:80/?a=b'],
    ['${NOPE-}x', 'x'],
    ['${NOPE:-{"a":1}}', '{"a":1}'],
  ])('of %s gives %s', (text, result) => {
    expect(expand(text)).toMatchObject({ text: result, missing: [] });
  });

  test('names the variables that were not set', () => {
    expect(expand('$NOPE ${NOR} ${NOPE:-d}').unset).toEqual(['NOPE', 'NOR']);
  });

  test('names what is required and missing, with its message', () => {
    expect(expand('${NOPE:?set it to $A} ${EMPTY:?} ${NOR?no}').missing).toEqual([
      { name: 'NOPE', message: 'set it to a' },
      { name: 'EMPTY', message: '' },
      { name: 'NOR', message: 'no' },
    ]);
  });

  test.each(['$', 'a $', '$1', '${', '${A', '${}', '${1}', '${A/b/c}', '${A:b}', '${A b}'])(
    'refuses %s',
    (text) => {
      expect(expand(text).broken).toBeDefined();
    },
  );

  test('takes a default of any depth without running away', () => {
    const deep = '${N:-'.repeat(100) + 'x' + '}'.repeat(100);
    expect(expand(deep).broken).toBeDefined();
  });

  test('leaves every text without a dollar sign alone', () => {
    fc.assert(
      fc.property(
        fc.string().filter((text) => !text.includes('$')),
        (text) => interpolate(text, lookup).text === text,
      ),
    );
  });

  test('gives back any text whose dollar signs were doubled', () => {
    fc.assert(
      fc.property(fc.string(), (text) => interpolate(text.replaceAll('$', '$$$$'), lookup).text === text),
    );
  });
});
