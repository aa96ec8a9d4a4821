import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** The test that destroys the stacks comes after all that need them. */
class DestroyLast extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const last = (file: TestSpecification) => file.moduleId.endsWith('test/deploy/destroy.test.ts');
    return [...files.filter((file) => !last(file)), ...files.filter(last)];
  }
}

// The journeys again, against stacks that CloudFormation made in an AWS emulator: npm run test:deploy
export default defineConfig({
  test: {
    name: 'deploy',
    include: ['test/deploy/**/*.test.ts', 'test/journeys/**/*.test.ts'],
    // In this order: the first deploys a gateway and names it in the environment, the second hands it to the journeys.
    globalSetup: ['test/deploy/setup.ts', 'test/journeys/setup.ts'],
    // The emulator starts functions more slowly than the local stack, and does so in one process.
    fileParallelism: false,
    sequence: { sequencer: DestroyLast },
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
});
