import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    env: { POWERTOOLS_LOG_LEVEL: 'SILENT' },
    // unit: pure rules and single parts; contract: one suite over every channel spec; journeys: a message there and back.
    projects: [
      {
        test: {
          name: 'unit',
          // Far more than any test takes alone; a busy machine is no failure.
          testTimeout: 20_000,
          hookTimeout: 30_000,
          include: ['test/**/*.test.ts'],
          exclude: ['test/contract/**', 'test/journeys/**', 'test/deploy/**'],
        },
      },
      { test: { name: 'contract', include: ['test/contract/**/*.test.ts'] } },
      {
        test: {
          name: 'journeys',
          include: ['test/journeys/**/*.test.ts'],
          globalSetup: ['test/journeys/setup.ts'],
          testTimeout: 30_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
});
