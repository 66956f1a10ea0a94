import { readdirSync, rmSync, statSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import { reporting, runAll, staticChecks, unitTests } from './checks.ts';
import { inTwoLanes, printStep, runStep, type Step } from './step.ts';
import { readReport, sum, type Tally, tallyOf } from './tally.ts';

// Every test there is: the checks, the unit tests, the build and, with the built executable, the tests on real
// machines. Ends within its time whatever hangs, and its last line is the truth about what passed.

// Setting up takes a few minutes on a fresh machine; together they stay under half an hour.
const deadlineMs = 26 * 60_000;
const fileLimitMs = 12 * 60_000;
const reports = '.cache/test';
const leftMs = (): number => deadlineMs - performance.now();

rmSync(reports, { recursive: true, force: true });
const tallies: Tally[] = [];
for (const { ok } of await runAll(staticChecks)) tallies.push(one(ok));
tallies.push(await tests(unitTests(`${reports}/unit.json`, true), `${reports}/unit.json`));
const build = await runStep({ name: 'build', argv: ['node', 'scripts/build.ts'], timeoutMs: 5 * 60_000 });
printStep(build);
tallies.push(one(build.ok));
// Much of their time is waiting for machines, and each file has a fleet and networks of its own.
tallies.push(...(await inTwoLanes(machineTests(), onMachines)));

const { passed, failed } = sum(tallies);
process.exitCode = failed === 0 ? 0 : 1;
console.log(`${passed} passed, ${failed} failed`);

function one(ok: boolean): Tally {
  return { passed: ok ? 1 : 0, failed: ok ? 0 : 1 };
}

async function tests(step: Step, report: string): Promise<Tally> {
  const result = await runStep(step);
  printStep(result, step.live);
  return tallyOf(readReport(report), result.ok);
}

/** One process per file: a file that hangs or crashes costs its own tests, not the others' results. */
async function onMachines(file: string): Promise<Tally> {
  if (leftMs() < 30_000) {
    console.log(`FAILED  ${file} was not run: no time is left`);
    return one(false);
  }
  const report = `${reports}/${file.replaceAll('/', '-')}.json`;
  const argv = ['vitest', 'run', '--project', 'e2e', file, ...reporting(report)];
  return await tests({ name: file, argv, timeoutMs: Math.min(leftMs(), fileLimitMs) }, report);
}

/** The longest first, so that no lane is left with one at the end. */
function machineTests(): readonly string[] {
  return readdirSync('test/e2e', { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.test.ts'))
    .map((name) => `test/e2e/${name}`)
    .sort((a, b) => statSync(b).size - statSync(a).size);
}
