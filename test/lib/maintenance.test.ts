import { describe, expect, it } from 'vitest';
import { EVERYTHING, resourcesOf, synthesize, target } from './synthesize.ts';

const { gateway } = synthesize(EVERYTHING);
const schedules = resourcesOf(gateway, 'AWS::Scheduler::Schedule').map(({ properties }) => ({
  properties,
  calls: target((properties['Target'] as { Arn: unknown }).Arn),
}));
const find = (name: string) => schedules.find(({ calls }) => calls.includes(name))?.properties;

describe('what is done again and again', () => {
  it.each([
    ['Renew', 'rate(1 minute)', 60],
    ['Sweep', 'rate(1 minute)', 60],
    ['Reconcile', 'rate(15 minutes)', 900],
  ])('%s: %s', (name, expression, seconds) => {
    expect(find(name)).toMatchObject({
      ScheduleExpression: expression,
      State: 'ENABLED',
      Target: { RetryPolicy: { MaximumRetryAttempts: 3, MaximumEventAgeInSeconds: seconds } },
    });
  });

  it('is all of that', () => {
    expect(schedules).toHaveLength(3);
  });

  it('is not repeated when it fails: the next time is soon enough', () => {
    const invocations = resourcesOf(gateway, 'AWS::Lambda::EventInvokeConfig').map(({ properties }) => properties);
    expect(invocations).toHaveLength(3);
    for (const invocation of invocations) expect(invocation).toMatchObject({ MaximumRetryAttempts: 0 });
  });

  it('is renewing and sweeping only, where there are no devices', () => {
    const plain = resourcesOf(synthesize().gateway, 'AWS::Scheduler::Schedule');
    expect(plain.map(({ properties }) => properties['ScheduleExpression'])).toEqual([
      'rate(1 minute)',
      'rate(1 minute)',
    ]);
  });

  it.each([
    ['RenewStopped', 'Renew', 1800],
    ['SweepStopped', 'Sweep', 300],
    ['ReconcileStopped', 'Reconcile', 3600],
  ])('is missed: %s goes off when %s is not called', (section, name, period) => {
    const alarm = resourcesOf(gateway, 'AWS::CloudWatch::Alarm').find(({ properties }) =>
      String(properties['AlarmName']).endsWith(section),
    );
    expect(alarm?.properties).toMatchObject({
      MetricName: 'Invocations',
      Period: period,
      Threshold: 1,
      ComparisonOperator: 'LessThanThreshold',
      TreatMissingData: 'breaching',
      Dimensions: [{ Name: 'FunctionName', Value: { Ref: expect.stringContaining(name) } }],
    });
  });
});
