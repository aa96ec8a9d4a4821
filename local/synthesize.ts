import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { StartError } from './listen.ts';

/** The top of the repository. */
export const ROOT = fileURLToPath(new URL('..', import.meta.url));

const cdkJsonSchema = z.object({ context: z.record(z.string(), z.unknown()).default({}) });

export interface SynthesisOptions {
  /** Where the cloud assembly goes; replaced if it is there. Inside the repository, so that a task finds its packages. */
  directory: string;
  /** Laid over the `switchboard` configuration of `cdk.json`. */
  configuration: Record<string, unknown>;
  signal?: AbortSignal | undefined;
}

/**
 * Runs the CDK app as `cdk synth` would.
 * @throws StartError with the app's own words when it fails
 */
export async function synthesize({ directory, configuration, signal }: SynthesisOptions): Promise<void> {
  await rm(directory, { recursive: true, force: true });
  const { context } = cdkJsonSchema.parse(JSON.parse(await readFile(join(ROOT, 'cdk.json'), 'utf8')));
  const switchboard = z.record(z.string(), z.unknown()).parse(context['switchboard'] ?? {});
  const localContext = {
    ...context,
    switchboard: { ...switchboard, ...configuration },
    // What names each resource by its place in the construct tree.
    'aws:cdk:enable-path-metadata': true,
  };
  signal?.throwIfAborted();
  const app = spawn(process.execPath, [join(ROOT, 'bin/switchboard.ts')], {
    cwd: ROOT,
    env: {
      ...process.env,
      CDK_OUTDIR: directory,
      CDK_CONTEXT_JSON: JSON.stringify(localContext),
      // As `cdk synth --no-validation`: CDK's rules are about deploying, and checking them takes seconds.
      CDK_VALIDATION: 'false',
    },
    stdio: ['ignore', 'ignore', 'pipe'],
    // It starts bundlers of its own, and the group is what can be stopped as a whole.
    detached: true,
  });
  const stop = () => {
    if (app.pid !== undefined) process.kill(-app.pid, 'SIGTERM');
  };
  signal?.addEventListener('abort', stop);
  const [complaints, [code]] = await Promise.all([text(app.stderr), once(app, 'exit')]);
  signal?.removeEventListener('abort', stop);
  signal?.throwIfAborted();
  if (code !== 0) throw new StartError(`The CDK app could not be synthesized:\n${complaints.trim()}`);
}
