/**
 * Measures Ballast against what it promises, beside a floor made by hand or a peer in the same run, and prints a table
 * of medians. `npm run bench [-- deploy|baseline|drift|replacement|dense|network|scale] [--rounds N] [--json]`. Nothing here fails
 * for being slow; a part that cannot be measured says why, and the others are measured all the same.
 */
import { loadavg } from 'node:os';
import { BallastError } from '#base/errors.ts';
import { baseline } from '#bench/baseline.ts';
import { dense } from '#bench/dense.ts';
import { deploy } from '#bench/deploy.ts';
import { drift } from '#bench/drift.ts';
import type { Row } from '#bench/measure.ts';
import { network } from '#bench/network.ts';
import { replacement } from '#bench/replacement.ts';
import { scale } from '#bench/scale.ts';
import type { Suite } from '#bench/suite.ts';
import { tableOf } from '#bench/table.ts';
import { run } from '#host/exec.ts';
import { fail } from './fleet/fail.ts';
import { listenForInterrupt } from './fleet/interrupt.ts';
import { projectRoot } from './fleet/places.ts';
import { createStory } from './fleet/story.ts';

const suites: Readonly<Record<string, Suite>> = {
  deploy,
  baseline,
  drift,
  replacement,
  dense,
  network,
  scale,
};
const suiteMs = 10 * 60_000;
const words = process.argv.slice(2);
const rounds = Number(words[words.indexOf('--rounds') + 1]) || 3;
const named = words.filter((word) => word in suites);
const story = createStory();
const interrupt = listenForInterrupt();
const rows: Row[] = [];
const failures: { readonly what: string; readonly why: string }[] = [];
const began = { at: new Date().toISOString(), load: loadavg()[0] };

try {
  await story.step('Build dist/ballast', () =>
    run([process.execPath, 'scripts/build.ts'], { cwd: projectRoot }),
  );
  for (const [name, suite] of Object.entries(suites)) {
    if (named.length === 0 || named.includes(name)) await measure(name, suite);
  }
} catch (error) {
  fail(error);
}
const table = tableOf(rows).join('\n');
if (words.includes('--json')) {
  console.error(table);
  console.log(JSON.stringify({ began, ended: { load: loadavg()[0] }, rounds, rows, failures }, null, 2));
} else console.log(table);
for (const { what, why } of failures) console.error(`not measured: ${what}: ${why}`);
if (interrupt.signal.aborted) interrupt.end(['interrupted: nothing of it runs any more']);

async function measure(name: string, suite: Suite): Promise<void> {
  if (interrupt.signal.aborted) return;
  const signal = AbortSignal.any([interrupt.signal, AbortSignal.timeout(suiteMs)]);
  const failed = (what: string, error: unknown): void => {
    if (interrupt.signal.aborted) return;
    if (error instanceof BallastError) fail(error);
    else {
      console.error(error);
      process.exitCode = 1;
    }
    failures.push({ what, why: error instanceof Error ? error.message : String(error) });
  };
  try {
    rows.push(...(await suite({ rounds, story, signal, failed })));
  } catch (error) {
    failed(name, error);
  }
}
