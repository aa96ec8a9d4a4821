import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { bundledSpecText } from '../../lambdas/channels/bundled-spec.ts';
import { readSpec, specNames } from '../../lambdas/channels/read-yaml.ts';
import { percentile } from '../support/percentile.ts';
import { inputsOf } from './inputs.ts';

const PROCESSES = 15;

/** Milliseconds of CPU time, medians of several fresh processes. */
export interface FirstUse {
  /** Deliver: the spec read and compiled, one text rendered, its answer interpreted. */
  deliver: number;
  /** Webhook: the spec read and compiled, one status parsed. */
  webhook: number;
}

/**
 * What the first use of a channel adds to a function's cold start, with the engine as a bundle, as it is deployed. All other
 * channels' files there hold rubbish: a function that opened one of them would fail.
 */
export async function firstUses(signal: AbortSignal): Promise<Map<string, FirstUse>> {
  const directory = await mkdtemp(join(tmpdir(), 'switchboard-first-use-'));
  try {
    const bundle = join(directory, 'index.mjs');
    await build({
      entryPoints: [fileURLToPath(new URL('./first-use.child.ts', import.meta.url))],
      outfile: bundle,
      bundle: true,
      minify: true,
      platform: 'node',
      format: 'esm',
      target: 'node24',
      mainFields: ['module', 'main'],
      banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
    });
    const uses = new Map<string, FirstUse>();
    for (const name of specNames()) {
      const channels = join(directory, name);
      await mkdir(channels);
      for (const other of specNames()) {
        const content = other === name ? bundledSpecText(readSpec(name).spec) : 'not JSON';
        await writeFile(join(channels, `${other}.json`), content);
      }
      const inputs = join(directory, `${name}.json`);
      await writeFile(inputs, JSON.stringify(await inputsOf(name, Date.now())));
      const median = async (use: keyof FirstUse) => {
        const all: number[] = [];
        for (let count = 0; count < PROCESSES; count++) {
          const options = { env: { CHANNELS_DIR: channels }, signal };
          const { stdout } = await promisify(execFile)(process.execPath, [bundle, name, use, inputs], options);
          all.push(Number(stdout));
        }
        return percentile(all, 0.5);
      };
      uses.set(name, { deliver: await median('deliver'), webhook: await median('webhook') });
    }
    return uses;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
