import process from 'node:process';
import { defineConfig } from 'vitest/config';
import { crashPoints } from './test/support/crash-points.ts';

/** `npm run test:faults`: what `npm test` cuts off here and there, cut off everywhere; `EVERY_FAULT=false` makes it short. */
export default defineConfig({
  test: {
    env: { POWERTOOLS_LOG_LEVEL: 'SILENT', EVERY_FAULT: process.env['EVERY_FAULT'] ?? 'true' },
    testTimeout: 600_000,
    hookTimeout: 60_000,
    projects: [
      {
        extends: true,
        test: {
          name: 'cut-offs',
          include: ['test/fleet/**/*.test.ts', 'test/senders/registration/journeys.test.ts'],
        },
      },
      {
        extends: true,
        plugins: [crashPoints('/lambdas/outbound/')],
        test: { name: 'crashes', include: ['test/faults/**/*.test.ts'], setupFiles: ['test/support/fresh-start.ts'] },
      },
    ],
  },
});
