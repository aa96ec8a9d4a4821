import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundledSpecText } from '../../lambdas/channels/bundled-spec.ts';
import { readSpec, specNames } from '../../lambdas/channels/read-yaml.ts';

/**
 * Puts every spec where functions find it when they are deployed. Call it before a handler meets its first request.
 * @returns the directory, for the test to remove
 */
export function bundleChannels(): string {
  const directory = mkdtempSync(join(tmpdir(), 'switchboard-channels-'));
  for (const name of specNames()) {
    writeFileSync(join(directory, `${name}.json`), bundledSpecText(readSpec(name).spec));
  }
  process.env['CHANNELS_DIR'] = directory;
  return directory;
}
