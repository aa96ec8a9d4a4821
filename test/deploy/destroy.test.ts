import { describe, expect, inject, it } from 'vitest';
import { Stacks } from './stacks.ts';

const { aws, directory } = inject('deployment');

// Runs last: vitest.deploy.config.ts sees to it.
describe('A gateway that is not needed any more', () => {
  it('is destroyed by cdk destroy, and leaves no resource behind', async () => {
    const stacks = new Stacks(aws, directory);
    expect((await stacks.existing()).size).toBeGreaterThan(60);
    await stacks.destroy();
    expect([...(await stacks.existing()).keys()]).toEqual([]);
  });
});
