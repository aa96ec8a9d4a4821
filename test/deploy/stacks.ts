import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { XMLParser } from 'fast-xml-parser';
import { ROOT, run } from './child.ts';
import { emulatedAws } from './emulator.ts';

export const STACKS = ['SwitchboardStorage', 'Switchboard'] as const;

/** What the test deploys: the stacks as they are, except that they can be deleted and may talk to this machine. */
const CONFIG = { removalPolicy: 'destroy', allowLoopbackUrls: true };

/** The same with everything that a configuration can switch on: what the test does not deploy is the difference. */
const EVERYTHING = {
  ...CONFIG,
  alarmEmail: 'alarms@example.com',
  fleet: { sandbox: { numbers: ['+15550001111'] }, devices: {} },
};

export interface Outputs {
  GatewayUrl: string;
  RootAccountSid: string;
  AuthTokenCommand: string;
}

interface Template {
  Resources: Record<string, { Type: string; Properties?: Record<string, unknown> }>;
}

/** The app's stacks, driven with the CDK's command line. */
export class Stacks {
  readonly #aws: string;
  readonly #directory: string;

  /**
   * @param aws the emulator's URL
   * @param directory where synthesized templates and outputs go
   */
  constructor(aws: string, directory: string) {
    this.#aws = aws;
    this.#directory = directory;
  }

  /** Builds templates and bundles, once for all that follows. */
  async synthesize(): Promise<void> {
    const context = ['-c', `switchboard=${JSON.stringify(CONFIG)}`];
    await run('cdk', ['synth', '--quiet', ...context, '--output', this.#deployed], emulatedAws(this.#aws));
  }

  /**
   * Takes out what the emulator cannot make of a type that it has otherwise: alarms on a formula over several metrics.
   * @returns what was taken out, `<stack>/<logical id>`
   */
  takeOutFormulas(): string[] {
    return STACKS.flatMap((stack) => {
      const file = join(this.#deployed, `${stack}.template.json`);
      const template = JSON.parse(readFileSync(file, 'utf8')) as Template;
      const resources = Object.entries(template.Resources);
      const isFormula = ([, { Type, Properties = {} }]: (typeof resources)[number]) =>
        Type === 'AWS::CloudWatch::Alarm' && Properties['Metrics'] !== undefined;
      const rest = resources.filter((resource) => !isFormula(resource));
      writeFileSync(file, JSON.stringify({ ...template, Resources: Object.fromEntries(rest) }));
      return resources.filter(isFormula).map(([id]) => `${stack}/${id}`);
    });
  }

  async bootstrap(): Promise<void> {
    await this.#cdk('bootstrap');
  }

  async deploy(): Promise<Outputs> {
    const outputs = join(this.#directory, 'outputs.json');
    await this.#cdk('deploy', '--all', '--require-approval', 'never', '--outputs-file', outputs);
    return JSON.parse(readFileSync(outputs, 'utf8')).Switchboard;
  }

  async destroy(): Promise<void> {
    await this.#cdk('destroy', '--all', '--force');
  }

  /** The resources that the app asks for: `<stack>/<logical id>` → type. */
  deployedTemplates(): Map<string, string> {
    return this.#read(this.#deployed, STACKS);
  }

  /** The types that the app uses when every option is on. */
  async possibleTypes(): Promise<Set<string>> {
    const directory = join(this.#directory, 'everything');
    const { app, context } = JSON.parse(readFileSync(join(ROOT, 'cdk.json'), 'utf8'));
    const [command, ...parameters] = app.split(' ');
    await run(command, parameters, {
      ...emulatedAws(this.#aws),
      CDK_OUTDIR: directory,
      // Only the types are wanted, so nothing is bundled.
      CDK_CONTEXT_JSON: JSON.stringify({ ...context, 'aws:cdk:bundling-stacks': [], switchboard: EVERYTHING }),
    });
    return new Set(this.#read(directory, [...STACKS, 'SwitchboardFleet']).values());
  }

  /** The resources that CloudFormation says it has: `<stack>/<logical id>` → status. Empty when there are no stacks. */
  async existing(): Promise<Map<string, string>> {
    const found = await Promise.all(STACKS.map((stack) => this.#resources(stack)));
    return new Map(found.flat());
  }

  /** @param page where the last answer left off: CloudFormation lists a hundred at once */
  async #resources(stack: string, page?: string): Promise<[string, string][]> {
    const response = await fetch(this.#aws, {
      method: 'POST',
      headers: { authorization: 'AWS4-HMAC-SHA256 Credential=emulated/20260101/us-east-1/cloudformation/aws4_request' },
      body: new URLSearchParams({
        Action: 'ListStackResources',
        Version: '2010-05-15',
        StackName: stack,
        ...(page !== undefined && { NextToken: page }),
      }),
    });
    const text = await response.text();
    if (response.status === 400 && text.includes('does not exist')) return [];
    if (!response.ok) throw new Error(`ListStackResources ${stack} was answered ${response.status}: ${text}`);
    const parser = new XMLParser({ isArray: (name) => name === 'member' });
    const { StackResourceSummaries, NextToken } =
      parser.parse(text).ListStackResourcesResponse.ListStackResourcesResult;
    const listed: [string, string][] = (StackResourceSummaries.member ?? []).map((resource: Record<string, string>) => [
      `${stack}/${resource['LogicalResourceId']}`,
      String(resource['ResourceStatus']),
    ]);
    return NextToken === undefined ? listed : [...listed, ...(await this.#resources(stack, String(NextToken)))];
  }

  #read(directory: string, stacks: readonly string[]): Map<string, string> {
    const resources = stacks.flatMap((stack) => {
      const file = join(directory, `${stack}.template.json`);
      const template = JSON.parse(readFileSync(file, 'utf8')) as Template;
      return Object.entries(template.Resources).map(([id, { Type }]): [string, string] => [`${stack}/${id}`, Type]);
    });
    return new Map(resources);
  }

  async #cdk(command: string, ...options: string[]): Promise<void> {
    await run('cdk', [command, '--app', this.#deployed, ...options], emulatedAws(this.#aws));
  }

  get #deployed(): string {
    return join(this.#directory, 'deployed');
  }
}
