/**
 * Measures Ballast against what it promises, beside a floor made by hand or a peer in the same run, and prints a table
 * of medians. `npm run bench [-- deploy|baseline] [--rounds N] [--json]`. Nothing here fails for being slow.
 */
import { baseline } from '#bench/baseline.ts';
import { deploy } from '#bench/deploy.ts';
import { judge, type Row } from '#bench/measure.ts';
import type { Suite } from '#bench/suite.ts';
import { run } from '#host/exec.ts';
import { fail } from './fleet/fail.ts';
import { projectRoot } from './fleet/places.ts';
import { createStory } from './fleet/story.ts';

const suites: Readonly<Record<string, Suite>> = { deploy, baseline };
const words = process.argv.slice(2);
const rounds = Number(words[words.indexOf('--rounds') + 1]) || 3;
const named = words.filter((word) => word in suites);
const story = createStory();
const signal = AbortSignal.timeout(40 * 60_000);

try {
  await story.step('Build dist/ballast', () =>
    run([process.execPath, 'scripts/build.ts'], { cwd: projectRoot }),
  );
  const rows: Row[] = [];
  for (const [name, suite] of Object.entries(suites)) {
    if (named.length === 0 || named.includes(name)) rows.push(...(await suite({ rounds, story, signal })));
  }
  if (words.includes('--json')) console.log(JSON.stringify({ rounds, rows }, null, 2));
  else console.table(rows.map(judge));
} catch (error) {
  fail(error);
}
