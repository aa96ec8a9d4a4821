import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { EVERYTHING, resourcesOf, synthesize } from './synthesize.ts';

const runbook = readFileSync(new URL('../../docs/runbook.md', import.meta.url), 'utf8');
const sections = [...runbook.matchAll(/^## (\S+)$/gm)].map(([, section]) => section);

const { gateway } = synthesize(EVERYTHING);
const alarms = resourcesOf(gateway, 'AWS::CloudWatch::Alarm').map(({ properties }) => ({
  name: String(properties['AlarmName']),
  section: String(properties['AlarmName']).replace(/^Switchboard-/, ''),
  properties,
}));

describe('the alarms', () => {
  it('watch every queue, every function, the HTTP API, and what numbers depend on', () => {
    expect(alarms.map(({ section }) => section).sort()).toEqual([
      'ApiFailures',
      'ApplyFailures',
      'BuryFailures',
      'CallbacksBacklog',
      'CallbacksDeadLetters',
      'DeliverFailures',
      'DevicesDown',
      'DevicesUnrepaired',
      'FleetFailures',
      'FunctionThrottles',
      'InboundBacklog',
      'InboundDeadLetters',
      'NotifyFailures',
      'OutboundBacklog',
      'OutboundDeadLetters',
      'ReconcileFailures',
      'ReconcileStopped',
      'RegisterFailures',
      'RegistrationFailures',
      'RemovalFailures',
      'RenewFailures',
      'RenewStopped',
      'SendersFailures',
      'ServerErrors',
      'SweepFailures',
      'SweepStopped',
      'WebhookFailures',
    ]);
  });

  it.each(alarms)('$name has a section of its name in the runbook, and says so', ({ section, properties }) => {
    expect(sections).toContain(section);
    expect(properties['AlarmDescription']).toContain(`docs/runbook.md#${section.toLowerCase()}`);
  });

  it('are all that the runbook describes', () => {
    expect(sections.sort()).toEqual(alarms.map(({ section }) => section).sort());
  });

  it.each([
    ['RegistrationFailures', ['RegisterDevice', 'RegisterCloudNumber', 'UpdateNumber']],
    ['RemovalFailures', ['RetireNumber']],
  ])('%s goes off when an execution of %j fails or runs out of time', (name, workflows) => {
    const { properties } = alarms.find(({ section }) => section === name) ?? {};
    const metrics = (properties?.['Metrics'] ?? []) as { Expression?: string; MetricStat?: { Metric: object } }[];
    expect(metrics.flatMap(({ Expression }) => Expression ?? [])).toEqual([
      Array.from({ length: workflows.length * 2 }, (_, index) => `m${index}`).join(' + '),
    ]);
    const watched = JSON.stringify(metrics);
    for (const workflow of workflows) {
      expect(watched.match(new RegExp(`Registration${workflow}[0-9A-F]{8}`, 'g'))).toHaveLength(2);
    }
    expect(watched.match(/"MetricName":"Executions(Failed|TimedOut)"/g)).toHaveLength(workflows.length * 2);
    expect(properties).toMatchObject({ Threshold: 0, ComparisonOperator: 'GreaterThanThreshold' });
  });

  it.each([
    ['DevicesDown', 'DevicesDown'],
    ['DevicesUnrepaired', 'ReconcileFailures'],
  ])('%s goes off at what the Reconcile function reports as %s', (section, metric) => {
    const { properties } = alarms.find((alarm) => alarm.section === section) ?? {};
    expect(properties).toMatchObject({
      Namespace: 'Switchboard',
      MetricName: metric,
      Dimensions: [{ Name: 'FunctionName', Value: { Ref: expect.stringContaining('Reconcile') } }],
      Threshold: 0,
      EvaluationPeriods: 2,
    });
  });

  it('go off at the first dead letter', () => {
    for (const queue of ['Outbound', 'Inbound', 'Callbacks']) {
      const { properties } = alarms.find(({ section }) => section === `${queue}DeadLetters`) ?? {};
      expect(properties).toMatchObject({
        Namespace: 'Switchboard',
        MetricName: 'DeadLetters',
        // As `DeadLetterStore.bury` reports it, from whichever function.
        Dimensions: [
          { Name: 'Queue', Value: queue.toLowerCase() },
          { Name: 'TableName', Value: expect.anything() },
        ],
        Threshold: 0,
        ComparisonOperator: 'GreaterThanThreshold',
        EvaluationPeriods: 1,
      });
    }
  });

  it.each(alarms)('$name is sent to both the mail topic and the topic given', ({ properties }) => {
    expect(properties['AlarmActions']).toHaveLength(2);
    expect(properties['AlarmActions']).toContain('arn:aws:sns:eu-central-1:111122223333:alarms');
  });

  it('are sent nowhere unless asked', () => {
    const quiet = synthesize().gateway;
    quiet.resourceCountIs('AWS::SNS::Topic', 0);
    for (const { properties } of resourcesOf(quiet, 'AWS::CloudWatch::Alarm'))
      expect(properties).not.toHaveProperty('AlarmActions');
  });

  it('may be published to the mail topic by CloudWatch, and only over TLS', () => {
    const [policy] = resourcesOf(gateway, 'AWS::SNS::TopicPolicy');
    expect(policy?.properties['PolicyDocument']).toMatchObject({
      Statement: expect.arrayContaining([
        expect.objectContaining({ Effect: 'Allow', Principal: { Service: 'cloudwatch.amazonaws.com' } }),
        expect.objectContaining({ Effect: 'Deny', Condition: { Bool: { 'aws:SecureTransport': 'false' } } }),
      ]),
    });
  });
});
