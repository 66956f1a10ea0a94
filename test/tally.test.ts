import { describe, expect, test } from 'vitest';
import { sum, tallyOf } from '../scripts/tally.ts';

const file = (status: string, ...assertions: readonly string[]) => ({
  status,
  assertionResults: assertions.map((each) => ({ status: each })),
});
const report = (passed: number, failed: number, testResults: readonly ReturnType<typeof file>[] = []) => ({
  success: failed === 0,
  numPassedTests: passed,
  numFailedTests: failed,
  testResults,
});

describe('the count of tests', () => {
  test.each([
    ['all passed', report(3, 0), true, { passed: 3, failed: 0 }],
    ['some failed', report(3, 2, [file('failed', 'failed', 'failed')]), false, { passed: 3, failed: 2 }],
    ['a file could not be loaded', report(3, 0, [file('failed')]), false, { passed: 3, failed: 1 }],
    ['the run crashed after its last test', report(3, 0), false, { passed: 3, failed: 1 }],
    ['the run says that it failed', { ...report(3, 0), success: false }, true, { passed: 3, failed: 1 }],
    ['there is no report', undefined, true, { passed: 0, failed: 1 }],
  ])('when %s is told truthfully', (_, given, ok, expected) => {
    expect(tallyOf(given, ok)).toEqual(expected);
  });

  test('adds up over runs', () => {
    expect(
      sum([
        { passed: 1, failed: 2 },
        { passed: 3, failed: 0 },
      ]),
    ).toEqual({ passed: 4, failed: 2 });
  });
});
