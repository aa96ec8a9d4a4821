import { Alarm, ComparisonOperator, type IMetric, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { type IFunction, Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { type ITopic, Topic } from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import { Duration, Stack } from 'aws-cdk-lib/core';
import { Construct } from 'constructs';
import type { SwitchboardConfig } from '../config.ts';
import type { WorkQueue } from '../shared/work-queue.ts';

/**
 * The gateway's alarms. Each is named `<stack>-<Section>`, and `docs/runbook.md` has a section of that name:
 * what it means, where to look, what to do.
 */
export class Alarms extends Construct {
  readonly #topics: ITopic[] = [];

  constructor(scope: Construct, id: string, config: Pick<SwitchboardConfig, 'alarmEmail' | 'alarmTopicArn'>) {
    super(scope, id);
    if (config.alarmTopicArn) this.#topics.push(Topic.fromTopicArn(this, 'YourTopic', config.alarmTopicArn));
    if (config.alarmEmail) {
      const topic = new Topic(this, 'Topic', { displayName: 'Switchboard alarms', enforceSSL: true });
      topic.grantPublish(new ServicePrincipal('cloudwatch.amazonaws.com'));
      topic.addSubscription(new EmailSubscription(config.alarmEmail));
      this.#topics.push(topic);
    }
    this.#watchThrottles();
  }

  /** Something gave up; or work is not being done. */
  watchQueue(work: WorkQueue, staleAfter: Duration): void {
    const { stage } = work;
    this.#raise(`${stage}DeadLetters`, {
      means: `${stage}: an entry gave up and waits among the dead letters.`,
      metric: work.deadLetters.metricApproximateNumberOfMessagesVisible({
        period: Duration.minutes(1),
        statistic: 'max',
      }),
      above: 0,
      periods: 1,
    });
    this.#raise(`${stage}Backlog`, {
      means: `${stage}: the oldest entry has waited for more than ${staleAfter.toMinutes()} minutes.`,
      metric: work.queue.metricApproximateAgeOfOldestMessage({ period: Duration.minutes(1), statistic: 'max' }),
      above: staleAfter.toSeconds(),
      periods: 5,
    });
  }

  /** A function crashed or ran out of time. */
  watchFunction(watched: IFunction): void {
    const name = watched.node.id;
    this.#raise(`${name}Failures`, {
      means: `The ${name} function failed or ran out of time.`,
      metric: watched.metricErrors({ period: Duration.minutes(5), statistic: 'sum' }),
      above: 0,
      periods: 1,
    });
  }

  /** A function was not allowed to start. One alarm for all of them, because the quota is the AWS account's. */
  #watchThrottles(): void {
    this.#raise('FunctionThrottles', {
      means: 'Functions of this AWS account were not allowed to start.',
      metric: LambdaFunction.metricAllThrottles({ period: Duration.minutes(5), statistic: 'sum' }),
      above: 0,
      periods: 1,
    });
  }

  /** Customers or channels are answered with a 5xx. */
  watchServerErrors(metric: IMetric): void {
    this.#raise('ServerErrors', { means: 'The HTTP API answers with 5xx.', metric, above: 0, periods: 1 });
  }

  #raise(section: string, alarm: { means: string; metric: IMetric; above: number; periods: number }): void {
    const raised = new Alarm(this, section, {
      alarmName: `${Stack.of(this).stackName}-${section}`,
      alarmDescription: `${alarm.means} What to do: docs/runbook.md#${section.toLowerCase()}`,
      metric: alarm.metric,
      threshold: alarm.above,
      comparisonOperator: ComparisonOperator.GREATER_THAN_THRESHOLD,
      evaluationPeriods: alarm.periods,
      treatMissingData: TreatMissingData.NOT_BREACHING,
    });
    for (const topic of this.#topics) raised.addAlarmAction(new SnsAction(topic));
  }
}
