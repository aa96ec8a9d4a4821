import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../', import.meta.url));
const { app, context } = JSON.parse(readFileSync(join(root, 'cdk.json'), 'utf8'));
const output = mkdtempSync(join(tmpdir(), 'switchboard-app-'));
afterAll(() => rmSync(output, { recursive: true }));

/** Runs the app as the CDK's command line does: by the command in `cdk.json`, with the context in the environment. */
function run(switchboard: unknown, bundle = false) {
  const [command = '', ...parameters] = app.split(' ');
  const CDK_CONTEXT_JSON = JSON.stringify({
    ...context,
    ...(bundle ? {} : { 'aws:cdk:bundling-stacks': [] }),
    switchboard,
  });
  return spawnSync(command === 'node' ? process.execPath : command, parameters, {
    cwd: root,
    encoding: 'utf8',
    env: { ...process.env, CDK_OUTDIR: output, CDK_VALIDATION: 'false', CDK_CONTEXT_JSON },
  });
}

describe('the CDK app', { timeout: 60_000 }, () => {
  it.each([
    ['an object, as cdk.json has it', { batchsize: 1 }],
    ['JSON text, as -c gives it', '{"batchsize": 1}'],
  ])('refuses a wrong key in %s with a sentence and no stack trace', (_title, switchboard) => {
    const { status, stderr } = run(switchboard);
    expect(status).toBe(1);
    expect(stderr).toContain('switchboard.batchsize: is not a key. Did you mean batchSize?');
    expect(stderr).not.toMatch(/^\s+at /m);
  });

  it('refuses text that is not JSON', () => {
    const { status, stderr } = run('batchSize=1');
    expect(status).toBe(1);
    expect(stderr).toContain('switchboard: is not valid JSON');
  });

  it('bundles each function as an ES module of its own, with its map and the channel specs', () => {
    const { status, stderr } = run({}, true);
    expect(stderr).not.toContain('rror');
    expect(status).toBe(0);

    const template = JSON.parse(readFileSync(join(output, 'Switchboard.template.json'), 'utf8'));
    const functions = Object.values<{ Type: string; Properties: { Code: { S3Key: string } } }>(
      template.Resources,
    ).filter(({ Type }) => Type === 'AWS::Lambda::Function');
    const bundles = new Set(functions.map(({ Properties }) => Properties.Code.S3Key.replace('.zip', '')));
    expect(bundles.size).toBe(10);
    for (const bundle of bundles) {
      const directory = join(output, `asset.${bundle}`);
      expect(readdirSync(directory).sort()).toEqual(['channels', 'index.mjs', 'index.mjs.map']);
      expect(readdirSync(join(directory, 'channels'))).toContain('whatsapp.json');
      const code = readFileSync(join(directory, 'index.mjs'), 'utf8');
      expect(code).toContain('sourceMappingURL=index.mjs.map');
      // What a cold start has to read; a dependency that is pulled in whole shows here.
      expect(code.length).toBeLessThan(1_200_000);
    }
  });
});
