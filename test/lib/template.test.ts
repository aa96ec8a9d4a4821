import { Template } from 'aws-cdk-lib/assertions';
import { Stack } from 'aws-cdk-lib/core';
import { describe, expect, it } from 'vitest';
import { Switchboard } from '../../lib/switchboard.ts';
import { createApp, EVERYTHING, resourcesOf, synthesize, target } from './synthesize.ts';
import { DEFINITIONS, FUNCTIONS } from './workflows/definitions.ts';

const { app, stacks, storage, fleet, gateway } = synthesize(EVERYTHING);
const functions = resourcesOf(gateway, 'AWS::Lambda::Function');
const queues = resourcesOf(gateway, 'AWS::SQS::Queue');
const mappings = resourcesOf(gateway, 'AWS::Lambda::EventSourceMapping');
const integrations = resourcesOf(gateway, 'AWS::ApiGatewayV2::Integration').map(({ properties }) => properties);
const workflows = resourcesOf(gateway, 'AWS::StepFunctions::StateMachine');

const propertiesOf = (list: typeof queues, id: string) => list.find((resource) => resource.id === id)?.properties ?? {};

describe('the queues', () => {
  it('are three, each with dead letters of its own', () => {
    const deadLetters = queues.flatMap(({ properties }) => {
      const redrive = properties['RedrivePolicy'];
      return redrive && typeof redrive === 'object' && 'deadLetterTargetArn' in redrive
        ? [target(redrive.deadLetterTargetArn)]
        : [];
    });
    expect(queues).toHaveLength(6);
    expect(new Set(deadLetters).size).toBe(3);
  });

  it.each(queues)('$id is FIFO with high throughput, encrypted, and keeps entries for 14 days', ({ properties }) => {
    expect(properties).toMatchObject({
      FifoQueue: true,
      DeduplicationScope: 'messageGroup',
      FifoThroughputLimit: 'perMessageGroupId',
      ContentBasedDeduplication: false,
      SqsManagedSseEnabled: true,
      MessageRetentionPeriod: 14 * 24 * 3600,
    });
  });

  it.each(mappings)('$id gives a batch six times the function timeout before it reappears', ({ properties }) => {
    const queue = propertiesOf(queues, target(properties['EventSourceArn']));
    const consumer = propertiesOf(functions, target(properties['FunctionName']));
    expect(Number(queue['VisibilityTimeout'])).toBeGreaterThanOrEqual(6 * Number(consumer['Timeout']));
  });

  it.each(mappings)('$id takes answers for each entry, in batches, with bounded concurrency', ({ properties }) => {
    expect(properties).toMatchObject({ BatchSize: 10, FunctionResponseTypes: ['ReportBatchItemFailures'] });
    expect(properties['ScalingConfig']).toEqual({ MaximumConcurrency: expect.any(Number) });
    expect(properties).not.toHaveProperty('MaximumBatchingWindowInSeconds');
  });

  it('survive waiting: an entry may be received a thousand times', () => {
    const redrives = queues.flatMap(({ properties }) => properties['RedrivePolicy'] ?? []);
    expect(redrives).toHaveLength(3);
    for (const redrive of redrives) expect(redrive).toMatchObject({ maxReceiveCount: 1000 });
  });
});

describe('the functions', () => {
  it('are the stages and what numbers need, and nothing that the CDK made by itself', () => {
    expect(functions.map(({ properties }) => properties['Description']).sort()).toEqual([
      "Switchboard: Twilio's messaging API",
      'Switchboard: applies events that could not be applied when they came',
      'Switchboard: delivers messages to their channel',
      'Switchboard: keeps what SQS gave up on as dead letters',
      'Switchboard: posts signed callbacks to customers',
      'Switchboard: receives the webhooks of channels',
      "Switchboard: renews senders' credentials before they expire",
      'Switchboard: repairs what devices and registrations have become',
      'Switchboard: sends what is due, releases what waits, finds what was never queued',
      'Switchboard: the Senders API',
      'Switchboard: the steps of a registration at Meta and at a device',
      'Switchboard: the steps of a registration that make and remove containers',
    ]);
  });

  it.each(functions)('$id runs on Node 24, on arm64, with a log of its own', ({ id, properties }) => {
    // The sweep may have to move a million messages; the others wait, two of them most of the time.
    const MemorySize = id.includes('Sweep') ? 1769 : /InboundWebhook|CallbacksNotify/.test(id) ? 256 : 512;
    expect(properties).toMatchObject({ Runtime: 'nodejs24.x', Architectures: ['arm64'], MemorySize });
    expect(properties['LoggingConfig']).toEqual({ LogFormat: 'JSON', LogGroup: { Ref: expect.any(String) } });
  });

  it.each(functions)('$id gives up before whoever called it does', ({ id, properties }) => {
    const seconds = Number(properties['Timeout']);
    const takesFromQueue = mappings.some((mapping) => target(mapping.properties['FunctionName']) === id);
    const answersRequests = JSON.stringify(integrations).includes(`"${id}"`);
    const takesSteps = JSON.stringify(workflows).includes(`"${id}"`);
    if (answersRequests) expect(seconds).toBeLessThan(30);
    else if (takesFromQueue) expect(seconds).toBeLessThanOrEqual(60);
    else if (takesSteps) expect(seconds).toBeLessThanOrEqual(120);
    // Called by a schedule, which does not wait.
    else expect(id).toMatch(/Maintenance(Renew|Reconcile|Sweep)/);
  });
});

describe('what is kept', () => {
  it('is the table: on demand, expiring, restorable to any second, protected from deletion', () => {
    const [table, ...others] = resourcesOf(storage, 'AWS::DynamoDB::GlobalTable');
    expect(others).toEqual([]);
    expect(table?.properties).toMatchObject({
      BillingMode: 'PAY_PER_REQUEST',
      TimeToLiveSpecification: { AttributeName: 'ttl', Enabled: true },
      Replicas: [
        {
          DeletionProtectionEnabled: true,
          PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
        },
      ],
    });
    expect(stacks.storage.terminationProtection).toBe(true);
  });

  it('outlives its stack: table, media, master key, queues and logs', () => {
    const kept = [
      ...resourcesOf(storage, 'AWS::DynamoDB::GlobalTable'),
      ...resourcesOf(storage, 'AWS::S3::Bucket'),
      ...resourcesOf(storage, 'AWS::SecretsManager::Secret'),
      ...queues,
      ...resourcesOf(gateway, 'AWS::Logs::LogGroup'),
      ...resourcesOf(fleet, 'AWS::Logs::LogGroup'),
    ];
    expect(kept.filter(({ deletionPolicy }) => deletionPolicy !== 'RetainExceptOnCreate')).toEqual([]);
  });

  it('goes with its stack when that is asked for', () => {
    const throwAway = synthesize({ removalPolicy: 'destroy' });
    const [table] = resourcesOf(throwAway.storage, 'AWS::DynamoDB::GlobalTable');
    expect(table).toMatchObject({
      deletionPolicy: 'Delete',
      properties: { Replicas: [{ DeletionProtectionEnabled: false }] },
    });
    expect(throwAway.stacks.storage.terminationProtection).toBe(false);
    const rest = ['AWS::SQS::Queue', 'AWS::Logs::LogGroup'].flatMap((type) => resourcesOf(throwAway.gateway, type));
    expect(rest.filter(({ deletionPolicy }) => deletionPolicy !== 'Delete')).toEqual([]);
  });

  it.each(resourcesOf(gateway, 'AWS::Logs::LogGroup'))('$id is not kept for ever', ({ properties }) => {
    expect(properties['RetentionInDays']).toBe(30);
  });
});

describe('the workflows', () => {
  /** The definition as Step Functions gets it, with a word for each function. */
  const definitionOf = ({ properties }: (typeof workflows)[number]) => {
    const { 'Fn::Join': joined } = properties['DefinitionString'] as { 'Fn::Join': [string, unknown[]] };
    const text = joined[1].map((part) => (typeof part === 'string' ? part : functionOf(part))).join('');
    return JSON.parse(text);
  };
  const functionOf = (reference: unknown) =>
    target(reference).includes('RegistrationRegister') ? FUNCTIONS.register : FUNCTIONS.fleet;

  it.each(Object.entries(DEFINITIONS))('%s is deployed as its definition says', (name, definition) => {
    const deployed = workflows.find(({ id }) => new RegExp(`Registration${name}[0-9A-F]{8}$`).test(id));
    expect(deployed && definitionOf(deployed)).toEqual(JSON.parse(JSON.stringify(definition)));
  });

  it.each(workflows)('$id logs its errors, without the data that passes through it', ({ properties }) => {
    expect(properties).toMatchObject({
      StateMachineType: 'STANDARD',
      LoggingConfiguration: { Level: 'ERROR', IncludeExecutionData: false },
    });
  });

  it('are only those that a gateway without devices can run', () => {
    const plain = resourcesOf(synthesize().gateway, 'AWS::StepFunctions::StateMachine');
    const names = plain.map(({ id }) => /Registration(\w+)[0-9A-F]{8}$/.exec(id)?.[1]);
    expect(names.sort()).toEqual(['RegisterCloudNumber', 'RetireNumber', 'UpdateNumber']);
    expect(JSON.stringify(plain)).not.toMatch(/Containers|Database|Media/);
  });
});

describe('the HTTP API', () => {
  it('has the routes of the gateway, and an answer for every other path', () => {
    const routes = resourcesOf(gateway, 'AWS::ApiGatewayV2::Route').map(({ properties }) => properties['RouteKey']);
    expect(routes.sort()).toEqual([
      '$default',
      'ANY /2010-04-01/{proxy+}',
      'ANY /v1/DeadLetters',
      'ANY /v1/DeadLetters/{proxy+}',
      'ANY /v2/Channels/Senders',
      'ANY /v2/Channels/Senders/{proxy+}',
      'ANY /webhooks/{channel}/{accountSid}/{senderSid}/{secret}',
    ]);
  });

  it('has the route of webhooks beside a function URL too, for senders that were registered before', () => {
    expect(resourcesOf(gateway, 'AWS::Lambda::Url')).toEqual([]);
    const { gateway: changed } = synthesize({ webhooks: 'function-url' });
    const [url, ...others] = resourcesOf(changed, 'AWS::Lambda::Url');
    expect(others).toEqual([]);
    expect(url?.properties).toMatchObject({ AuthType: 'NONE' });
    expect(target(url?.properties['TargetFunctionArn'])).toMatch(/InboundWebhook/);
    const routes = resourcesOf(changed, 'AWS::ApiGatewayV2::Route').map(({ properties }) => properties['RouteKey']);
    expect(routes).toContain('ANY /webhooks/{channel}/{accountSid}/{senderSid}/{secret}');
    const open = resourcesOf(changed, 'AWS::Lambda::Permission').filter(
      ({ properties }) => properties['Principal'] === '*',
    );
    expect(open.map(({ properties }) => target(properties['FunctionName']))).toEqual([
      expect.stringMatching(/InboundWebhook/),
      expect.stringMatching(/InboundWebhook/),
    ]);
    for (const { properties } of open) {
      expect(properties).toMatchObject(
        properties['Action'] === 'lambda:InvokeFunction'
          ? { InvokedViaFunctionUrl: true }
          : { Action: 'lambda:InvokeFunctionUrl', FunctionUrlAuthType: 'NONE' },
      );
    }
  });

  it('calls functions in payload format 2.0 only', () => {
    const formats = resourcesOf(gateway, 'AWS::ApiGatewayV2::Integration').map(
      (one) => one.properties['PayloadFormatVersion'],
    );
    expect(new Set(formats)).toEqual(new Set(['2.0']));
  });

  it('is throttled, and logs neither paths, which hold secrets, nor headers', () => {
    const [stage] = resourcesOf(gateway, 'AWS::ApiGatewayV2::Stage');
    expect(stage?.properties).toMatchObject({
      DefaultRouteSettings: { ThrottlingRateLimit: 2000, ThrottlingBurstLimit: 2000 },
    });
    const format = JSON.stringify(stage?.properties['AccessLogSettings']);
    expect(format).toContain('$context.routeKey');
    expect(format).not.toMatch(/\$context\.(path|resourcePath|authorizer)|header/i);
  });
});

describe('the Switchboard construct', () => {
  it('works with no props inside any stack', () => {
    const stack = new Stack(createApp(), 'Mine');
    const switchboard = new Switchboard(stack, 'Switchboard');
    const template = Template.fromStack(stack);
    template.resourceCountIs('AWS::DynamoDB::GlobalTable', 1);
    template.resourceCountIs('AWS::Lambda::Function', 10);
    template.resourceCountIs('AWS::ECS::Cluster', 0);
    expect(switchboard.rootAccountSid).toMatch(/^AC[0-9a-f]{32}$/);
    expect(Object.keys(template.findOutputs('*')).sort()).toEqual(['AuthTokenCommand', 'GatewayUrl', 'RootAccountSid']);
  });

  it('keeps its root account over synths, and shares it with no other gateway', () => {
    const sids = ['A', 'A', 'B'].map((id) => new Switchboard(new Stack(createApp(), id), 'Switchboard').rootAccountSid);
    expect(sids[0]).toBe(sids[1]);
    expect(sids[0]).not.toBe(sids[2]);
  });

  it('takes the configured root account', () => {
    const rootAccountSid = 'AC0123456789abcdef0123456789abcdef';
    const configured = synthesize({ rootAccountSid }).gateway;
    expect(configured.findOutputs('RootAccountSid')['RootAccountSid']).toMatchObject({ Value: rootAccountSid });
  });

  it('makes no two stacks depend on each other', () => {
    expect(app.node.findAll().filter((node) => Stack.isStack(node))).toHaveLength(3);
    expect(stacks.storage.dependencies).toEqual([]);
    expect(stacks.fleet?.dependencies).toEqual([]);
    expect(new Set(stacks.gateway.dependencies)).toEqual(new Set([stacks.storage, stacks.fleet]));
  });
});
