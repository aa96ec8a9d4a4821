import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { type App, Validations } from 'aws-cdk-lib/core';
import { AwsSolutionsChecks } from 'cdk-nag';
import { afterEach, describe, expect, it } from 'vitest';
import { parseConfig, type SwitchboardConfigInput } from '../../lib/config.ts';
import { GatewayFunction } from '../../lib/shared/gateway-function.ts';
import { createStacks } from '../../lib/stacks.ts';
import { createApp, EVERYTHING } from './synthesize.ts';

process.env['CDK_VALIDATION'] = 'true';

const REGISTRY = '111122223333.dkr.ecr.eu-central-1.amazonaws.com/whatsapp';
const REAL_DEVICES: SwitchboardConfigInput = {
  removalPolicy: 'destroy',
  fleet: {
    devices: {
      version: '2.53.2',
      images: { web: `${REGISTRY}/web`, coreapp: `${REGISTRY}/coreapp` },
      database: { standby: true },
    },
    natGateways: 2,
  },
};

const directories: string[] = [];
afterEach(() => {
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true });
});

interface Finding {
  ruleName: string;
  violatingConstructs: { constructPath: string }[];
}

/** What cdk-nag says of an app, from the report that a synth leaves behind. */
function findings(config: SwitchboardConfigInput, spoil: (stacks: ReturnType<typeof createStacks>) => void = () => {}) {
  const outdir = mkdtempSync(join(tmpdir(), 'switchboard-nag-'));
  directories.push(outdir);
  const app = createApp({ outdir });
  spoil(createStacks(app, parseConfig(config)));
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
  const failure = synthesisFailure(app);
  const report = JSON.parse(readFileSync(join(outdir, 'validation-report.json'), 'utf8'));
  const violations = report.pluginReports.flatMap((plugin: { violations: Finding[] }) => plugin.violations);
  return { failure, violations: violations as Finding[] };
}

function synthesisFailure(app: App): unknown {
  try {
    app.synth();
    return undefined;
  } catch (error) {
    return error;
  }
}

describe('cdk-nag, AwsSolutions', { timeout: 90_000 }, () => {
  it.each([
    ['as it comes', {}],
    ['with every option on', EVERYTHING],
    ['with webhooks at a function URL', { webhooks: 'function-url' }],
    ["on WhatsApp's images, with a standby, to be thrown away", REAL_DEVICES],
  ] satisfies [string, SwitchboardConfigInput][])('finds nothing unexplained in the gateway %s', (_title, config) => {
    expect(findings(config)).toEqual({ failure: undefined, violations: [] });
  });

  it('finds what a spec asks for explained, with and without resources', () => {
    const asking = findings({}, ({ gateway }) => {
      const deliver = gateway.node.findAll().find(({ node }) => node.id === 'Deliver');
      if (!(deliver instanceof GatewayFunction)) throw new Error('There is no Deliver function.');
      deliver.bindChannels([
        { channel: 'pigeon', actions: ['loft:Fly'], resources: ['nest/*', 'tree:*'] },
        { channel: 'pigeon', actions: ['loft:Look'] },
      ]);
    });
    expect(asking).toEqual({ failure: undefined, violations: [] });
  });

  it('would find something: acknowledgements silence only what they name, where they name it', () => {
    const { failure, violations } = findings({}, ({ gateway }) => {
      new Queue(gateway, 'Careless');
    });
    expect(failure).toBeInstanceOf(Error);
    expect(violations.map(({ ruleName }) => ruleName)).toContain('AwsSolutions-SQS4');
    const constructs = violations.flatMap((violation) => violation.violatingConstructs);
    expect(new Set(constructs.map(({ constructPath }) => constructPath))).toEqual(
      new Set(['Switchboard/Careless/Resource']),
    );
  });
});
