import { defineConfig } from 'vitest/config';

/** `npm run test:faults`: what `npm test` cuts off here and there, cut off everywhere. */
export default defineConfig({
  test: {
    name: 'faults',
    env: { POWERTOOLS_LOG_LEVEL: 'SILENT', EVERY_FAULT: 'true' },
    include: ['test/fleet/**/*.test.ts', 'test/senders/registration/journeys.test.ts'],
    testTimeout: 300_000,
    hookTimeout: 60_000,
  },
});
