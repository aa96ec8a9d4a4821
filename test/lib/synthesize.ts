import { readFileSync } from 'node:fs';
import { Template } from 'aws-cdk-lib/assertions';
import { App, type Stack } from 'aws-cdk-lib/core';
import { parseConfig, type SwitchboardConfigInput } from '../../lib/config.ts';
import { createStacks } from '../../lib/stacks.ts';

// CloudFormation's own validation takes longer to start than everything else here; the test of cdk-nag switches it on again.
process.env['CDK_VALIDATION'] = 'false';

const { context } = JSON.parse(readFileSync(new URL('../../cdk.json', import.meta.url), 'utf8'));

/** Every option on, so that a rule over "all resources" sees every resource there is. */
export const EVERYTHING: SwitchboardConfigInput = {
  alarmEmail: 'alarms@example.com',
  alarmTopicArn: 'arn:aws:sns:eu-central-1:111122223333:alarms',
  fleet: { sandbox: { numbers: ['+15550001111', '+15550002222'] }, devices: {} },
};

/** An app with the feature flags of `cdk.json`. Functions are not bundled unless asked for: that takes seconds. */
export function createApp(options: { outdir?: string; bundle?: boolean } = {}): App {
  return new App({
    ...(options.outdir && { outdir: options.outdir }),
    context: { ...context, ...(options.bundle ? {} : { 'aws:cdk:bundling-stacks': [] }) },
  });
}

/** The stacks as `bin/switchboard.ts` makes them, and their templates. */
export function synthesize(config: SwitchboardConfigInput = {}, app = createApp()) {
  const stacks = createStacks(app, parseConfig(config));
  return {
    app,
    stacks,
    storage: Template.fromStack(stacks.storage),
    /** Without resources, where the configuration asks for no fleet. */
    fleet: stacks.fleet ? Template.fromStack(stacks.fleet) : Template.fromJSON({ Resources: {} }),
    gateway: Template.fromStack(stacks.gateway),
  };
}

export interface Resource {
  id: string;
  properties: Record<string, unknown>;
  deletionPolicy: unknown;
}

/** All resources of a type, in the order of the template. */
export function resourcesOf(template: Template, type: string): Resource[] {
  return Object.entries(template.findResources(type)).map(([id, { Properties, DeletionPolicy }]) => ({
    id,
    properties: Properties ?? {},
    deletionPolicy: DeletionPolicy,
  }));
}

/** The logical id that a property refers to: `{ "Fn::GetAtt": ["X", "Arn"] }` and `{ "Ref": "X" }` are both `X`. */
export function target(reference: unknown): string {
  if (typeof reference === 'object' && reference !== null) {
    if ('Ref' in reference) return String(reference.Ref);
    if ('Fn::GetAtt' in reference && Array.isArray(reference['Fn::GetAtt'])) return String(reference['Fn::GetAtt'][0]);
  }
  throw new Error(`Not a reference: ${JSON.stringify(reference)}`);
}

/** The construct's path of a resource, without its last part: `Switchboard/Switchboard/Outbound/Deliver`. */
export function pathOf(stack: Stack, logicalId: string): string {
  const found = stack.node.findAll().find((node) => {
    const child = node.node.defaultChild;
    return child !== undefined && 'logicalId' in child && stack.resolve(child.logicalId) === logicalId;
  });
  return found?.node.path ?? logicalId;
}
