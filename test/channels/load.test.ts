import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { syntaxOf } from '../../lambdas/channels/expressions/syntax.ts';
import { channelNames, loadChannel, requireChannel } from '../../lambdas/channels/load.ts';
import { readSpec, specNames } from '../../lambdas/channels/read-yaml.ts';

const BUNDLE_SPECS = fileURLToPath(new URL('../../lambdas/channels/bundle-specs.ts', import.meta.url));
let directory = '';

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'bundle-'));
  execFileSync(process.execPath, [BUNDLE_SPECS, directory]);
  vi.stubEnv('CHANNELS_DIR', join(directory, 'channels'));
});
afterAll(() => {
  vi.unstubAllEnvs();
  rmSync(directory, { recursive: true });
});

describe('specs beside a bundle', () => {
  it('are all that there are, with their defaults and what was parsed of them', () => {
    expect(channelNames()).toEqual(specNames());
    for (const name of specNames()) {
      const bundled: unknown = JSON.parse(readFileSync(join(directory, 'channels', `${name}.json`), 'utf8'));
      const { spec } = readSpec(name);
      expect(bundled).toEqual({ ...spec, syntax: syntaxOf(spec) });
    }
  });

  it('are compiled once', () => {
    const [name = ''] = specNames();
    expect(loadChannel(name)?.name).toBe(name);
    expect(loadChannel(name)).toBe(requireChannel(name));
  });

  it('say whether webhooks are read with secrets; media, which are fetched later, do not count', () => {
    const without = specNames().filter((name) => !requireChannel(name).webhooksNeedSecrets);
    expect(without).toEqual(['sms', 'whatsapp']);
  });

  it.each(['nothing', '../channels/whatsapp', '', 'constructor'])('have no channel %j', (name) => {
    expect(loadChannel(name)).toBeUndefined();
    expect(() => requireChannel(name)).toThrow('not part of this deployment');
  });

  it('are not written without being told where', () => {
    const { status, stderr } = spawnSync(process.execPath, [BUNDLE_SPECS], { encoding: 'utf8' });
    expect({ status, stderr }).toEqual({
      status: 2,
      stderr: 'usage: node lambdas/channels/bundle-specs.ts <directory>\n',
    });
    expect(existsSync('channels')).toBe(false);
  });
});
