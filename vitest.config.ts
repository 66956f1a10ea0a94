import { defineConfig } from 'vitest/config';

/**
 * Two projects. `unit` needs neither root nor network and is part of `npm run check`; `e2e` drives real machines
 * through the built executable, one file after the other, since they share this machine's two cores.
 */
export default defineConfig({
  test: {
    reporters: process.env['CI'] ? ['default', 'github-actions'] : ['default'],
    silent: 'passed-only',
    teardownTimeout: 120_000,
    projects: [
      {
        test: {
          name: 'unit',
          include: [
            'src/**/*.test.ts',
            'test/golden/**/*.test.ts',
            'test/sim/**/*.test.ts',
            'test/*.test.ts',
          ],
          testTimeout: 20_000,
          isolate: false,
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          fileParallelism: false,
          maxWorkers: 1,
          testTimeout: 300_000,
          hookTimeout: 600_000,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
