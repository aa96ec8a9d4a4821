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
  it('watch every queue, every function and the HTTP API', () => {
    expect(alarms.map(({ section }) => section).sort()).toEqual([
      'ApiFailures',
      'ApplyFailures',
      'CallbacksBacklog',
      'CallbacksDeadLetters',
      'DeliverFailures',
      'FunctionThrottles',
      'InboundBacklog',
      'InboundDeadLetters',
      'NotifyFailures',
      'OutboundBacklog',
      'OutboundDeadLetters',
      'SendersFailures',
      'ServerErrors',
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

  it('go off at the first dead letter', () => {
    const deadLetters = alarms.filter(({ section }) => section.endsWith('DeadLetters'));
    for (const { properties } of deadLetters) {
      expect(properties).toMatchObject({
        MetricName: 'ApproximateNumberOfMessagesVisible',
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
