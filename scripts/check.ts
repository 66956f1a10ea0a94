import { performance } from 'node:perf_hooks';
import { runAll, staticChecks, unitTests } from './checks.ts';
import { printStep, runStep } from './step.ts';

// The gate: everything that must hold before a change goes in. Needs neither root nor network.

const began = performance.now();
const results = [...(await runAll(staticChecks))];
const tests = await runStep(unitTests('.cache/check/unit.json'));
printStep(tests);
results.push(tests);
const failed = results.filter(({ ok }) => !ok).map(({ name }) => name);
const seconds = ((performance.now() - began) / 1000).toFixed(1);
console.log(failed.length === 0 ? `all well in ${seconds} s` : `failed: ${failed.join(', ')} (${seconds} s)`);
process.exitCode = failed.length === 0 ? 0 : 1;
