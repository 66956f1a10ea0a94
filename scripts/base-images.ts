import { performance } from 'node:perf_hooks';
import { ensureBaseImages } from './base-images/ensure.ts';
import { baseImageNames } from './base-images/recipes.ts';
import { fail } from './fleet/fail.ts';

// Builds the base images of the examples from Debian's packages and puts them where builds find them.

const began = performance.now();
const say = (what: string): void => {
  console.log(`${((performance.now() - began) / 1_000).toFixed(1).padStart(6)} s  ${what}`);
};
const interrupt = new AbortController();
process.once('SIGINT', () => interrupt.abort()).once('SIGTERM', () => interrupt.abort());
try {
  await ensureBaseImages(baseImageNames, say, { signal: interrupt.signal });
  say(`base images are there: ${baseImageNames.join(', ')}`);
} catch (error) {
  fail(error);
}
