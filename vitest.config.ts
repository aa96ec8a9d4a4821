import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { crashPoints } from './test/support/crash-points.ts';

export default defineConfig({
  test: {
    env: {
      POWERTOOLS_LOG_LEVEL: 'SILENT',
      // Workers and the processes that tests start load the same large packages again and again.
      NODE_COMPILE_CACHE: fileURLToPath(new URL('node_modules/.cache/node-compile', import.meta.url)),
    },
    // Every core: much of the time a test waits for processes that it started.
    maxWorkers: '100%',
    // The AWS SDK and the CDK take longer to load than most files take to run; `fresh-start.ts` keeps files apart.
    isolate: false,
    setupFiles: ['test/support/fresh-start.ts'],
    // unit: pure rules and single parts; contract: one suite over every channel spec; journeys: a message there and back.
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          // Far more than any test takes alone; a busy machine is no failure.
          testTimeout: 20_000,
          hookTimeout: 30_000,
          include: ['test/**/*.test.ts'],
          exclude: [
            'test/contract/**',
            'test/journeys/**',
            'test/deploy/**',
            'test/faults/**',
            'test/support/crash-points.test.ts',
          ],
        },
      },
      { extends: true, test: { name: 'contract', include: ['test/contract/**/*.test.ts'] } },
      {
        extends: true,
        plugins: [crashPoints('/lambdas/outbound/')],
        test: {
          name: 'faults',
          include: ['test/faults/*.test.ts', 'test/support/crash-points.test.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'journeys',
          include: ['test/journeys/**/*.test.ts'],
          globalSetup: ['test/journeys/setup.ts'],
          testTimeout: 30_000,
          hookTimeout: 60_000,
          // One after the other: they share a gateway, and some kill its functions or count what it holds.
          fileParallelism: false,
          // And alone, because every message passes through several processes.
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
