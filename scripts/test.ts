import { rmSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import { reporting, runAll, staticChecks, unitTests } from './checks.ts';
import { printStep, runStep, type Step } from './step.ts';
import { readReport, sum, type Tally, tallyOf } from './tally.ts';

// Every test there is: the checks, the unit tests, the build and, with the built executable, the tests on real
// machines. Ends within its time whatever hangs, and its last line is the truth about what passed.

// Setting up takes a few minutes on a fresh machine; together they stay under half an hour.
const deadlineMs = 26 * 60_000;
const reports = '.cache/test';
const leftMs = (): number => Math.max(1_000, deadlineMs - performance.now());

rmSync(reports, { recursive: true, force: true });
const tallies: Tally[] = [];
for (const { ok } of await runAll(staticChecks)) tallies.push({ passed: ok ? 1 : 0, failed: ok ? 0 : 1 });
tallies.push(await tests(unitTests(`${reports}/unit.json`, true), `${reports}/unit.json`));

const build = await runStep({ name: 'build', argv: ['node', 'scripts/build.ts'], timeoutMs: 5 * 60_000 });
printStep(build);
tallies.push({ passed: build.ok ? 1 : 0, failed: build.ok ? 0 : 1 });

const e2e = ['vitest', 'run', '--project', 'e2e', '--passWithNoTests', ...reporting(`${reports}/e2e.json`)];
tallies.push(
  await tests({ name: 'machine tests', argv: e2e, timeoutMs: leftMs(), live: true }, `${reports}/e2e.json`),
);

const { passed, failed } = sum(tallies);
process.exitCode = failed === 0 ? 0 : 1;
console.log(`${passed} passed, ${failed} failed`);

async function tests(step: Step, report: string): Promise<Tally> {
  const result = await runStep(step);
  printStep(result, true);
  return tallyOf(readReport(report), result.ok);
}
