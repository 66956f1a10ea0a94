import { describe, expect, test } from 'vitest';
import { collectProblems } from '#spec/problems.ts';
import { parseEnvFile } from './dotenv.ts';

const parse = (text: string, raw = false) => {
  const problems = collectProblems('compose');
  const lookup = (name: string): string | undefined => ({ OUTER: 'outer' })[name];
  return {
    variables: parseEnvFile({ file: '.env', text, lookup, raw }, problems),
    problems: problems.found(),
  };
};

describe('an env file', () => {
  test.each([
    ['A=b', { A: 'b' }],
    ['A=', { A: '' }],
    ['  A=b  ', { A: 'b' }],
    ['A = b', { A: 'b' }],
    ['A: b', { A: 'b' }],
    ['export A=b', { A: 'b' }],
    ['# comment\n\nA=b', { A: 'b' }],
    ['A=b # comment', { A: 'b' }],
    ['A=b#c', { A: 'b#c' }],
    ['A="b # c" # comment', { A: 'b # c' }],
    ["A='b # c' # comment", { A: 'b # c' }],
    ['A=b=c', { A: 'b=c' }],
    ['A="b\\nc"', { A: 'b\nc' }],
    ["A='b\\nc'", { A: 'b\\nc' }],
    ['A="say \\"hi\\""', { A: 'say "hi"' }],
    ["A='it\\'s'", { A: "it's" }],
    ['A="one\ntwo"\nB=c', { A: 'one\ntwo', B: 'c' }],
    ["A='one\ntwo'", { A: 'one\ntwo' }],
    ['A=$OUTER', { A: 'outer' }],
    ['A="${OUTER}"', { A: 'outer' }],
    ["A='$OUTER'", { A: '$OUTER' }],
    ['A="\\$OUTER"', { A: '$OUTER' }],
    ['A=1\nB=$A', { A: '1', B: '1' }],
    ['A=1\nA=2', { A: '2' }],
    ['OUTER', { OUTER: 'outer' }],
    ['NOWHERE', {}],
    ['A.b-c=d', { 'A.b-c': 'd' }],
    ['\uFEFFA=b\r\nC=d\r\n', { A: 'b', C: 'd' }],
    ['A=${NOPE:-default value}', { A: 'default value' }],
  ])('%j holds %j', (text, variables) => {
    expect(parse(text)).toEqual({ variables, problems: [] });
  });

  test('taken raw keeps every value as it stands', () => {
    expect(parse('A="b" # $OUTER\nB= c', true).variables).toEqual({ A: '"b" # $OUTER', B: ' c' });
  });

  test('tells where a line is wrong', () => {
    expect(parse('A=1\n  what is this\n=x').problems.map(({ at }) => [at?.line, at?.column])).toEqual([
      [2, 3],
      [3, 1],
    ]);
  });

  test('tells of a quote that never ends and of a variable that is required', () => {
    expect(parse('A="x\nB=1').problems.map(({ code }) => code)).toEqual(['compose/bad-env-file']);
    expect(parse('A=${NOPE:?no}').problems.map(({ code }) => code)).toEqual(['compose/missing-variable']);
  });
});
