import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { StartError } from '../../local/listen.ts';
import { synthesize } from '../../local/synthesize.ts';

describe('Synthesizing the app', () => {
  let directory: string;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'synth-'));
  });

  afterEach(async () => {
    await rm(directory, { recursive: true, force: true });
  });

  it("fails in the app's own words", async () => {
    const failing = synthesize({ directory, configuration: { batchSise: 3 } });
    await expect(failing).rejects.toThrow(StartError);
    await expect(failing).rejects.toThrow(/The CDK app could not be synthesized:\n[\s\S]*batchSise/);
  });

  it.each([
    ['before it begins', 0],
    ['while it runs', 300],
  ])('can be stopped %s', async (_name, milliseconds) => {
    const signal = AbortSignal.timeout(milliseconds);
    await expect(synthesize({ directory, configuration: {}, signal })).rejects.toMatchObject({
      name: 'TimeoutError',
    });
  });
});
