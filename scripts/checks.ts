import { inTwoLanes, printStep, runStep, type Step, type StepResult } from './step.ts';

const limitMs = 120_000;

const tool = (name: string, ...argv: readonly string[]): Step => ({ name, argv, timeoutMs: limitMs });

/** What can be said of the code without running it. */
export const staticChecks: readonly Step[] = [
  tool('types', 'tsc', '--pretty', 'false'),
  tool('dead code', 'knip', '--no-progress'),
  tool('lint', 'oxlint', '--quiet', '-f', 'unix'),
  tool('format', 'biome', 'check', '--colors=off'),
];

/** Tests that need neither root nor network. `report` gets the results as JSON. */
export function unitTests(report: string, live = false): Step {
  const argv = ['vitest', 'run', '--project', 'unit', ...reporting(report, live ? 'default' : 'dot')];
  return { name: 'unit tests', argv, timeoutMs: 5 * 60_000, live };
}

export const reporting = (report: string, shown: 'default' | 'dot' = 'default'): readonly string[] => [
  `--reporter=${shown}`,
  '--reporter=json',
  `--outputFile.json=${report}`,
];

/** Runs steps side by side and prints each as it ends. */
export const runAll = async (steps: readonly Step[]): Promise<readonly StepResult[]> =>
  await inTwoLanes(steps, async (step) => {
    const result = await runStep(step);
    printStep(result);
    return result;
  });
