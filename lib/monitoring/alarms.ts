import {
  Alarm,
  ComparisonOperator,
  type IMetric,
  MathExpression,
  Metric,
  TreatMissingData,
} from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import type { ITable } from 'aws-cdk-lib/aws-dynamodb';
import { ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { type IFunction, Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { type ITopic, Topic } from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import type { IStateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import { Duration, Stack } from 'aws-cdk-lib/core';
import { Construct } from 'constructs';
import type { SwitchboardConfig } from '../config.ts';
import type { WorkQueue } from '../shared/work-queue.ts';

type Bound = { above: number; below?: never } | { above?: never; below: number };

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
  watchQueue(work: WorkQueue, staleAfter: Duration, table: ITable): void {
    const { stage } = work;
    this.#raise(`${stage}DeadLetters`, {
      means: `${stage}: something gave up and waits among the dead letters.`,
      // Counted when it is kept, so the alarm is off again while the letter is still there: each one is told of.
      metric: new Metric({
        namespace: 'Switchboard',
        metricName: 'DeadLetters',
        dimensionsMap: { TableName: table.tableName, Queue: stage.toLowerCase() },
        period: Duration.minutes(5),
        statistic: 'sum',
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

  /**
   * Executions failed or ran out of time. One that was stopped did neither.
   * @param section the alarm's name
   */
  watchWorkflows(section: string, workflows: readonly IStateMachine[]): void {
    const metrics = workflows.flatMap((workflow) => [workflow.metricFailed(), workflow.metricTimedOut()]);
    const usingMetrics = Object.fromEntries(metrics.map((metric, index) => [`m${index}`, metric]));
    this.#raise(section, {
      means: `An execution of ${workflows.map(({ node }) => node.id).join(', ')} failed.`,
      metric: new MathExpression({
        expression: Object.keys(usingMetrics).join(' + '),
        usingMetrics,
        period: Duration.minutes(5),
      }),
      above: 0,
      periods: 1,
    });
  }

  /** A function that is called again and again was not. */
  watchSchedule(watched: IFunction, silentFor: Duration): void {
    const name = watched.node.id;
    this.#raise(`${name}Stopped`, {
      means: `The ${name} function has not been called for ${silentFor.toMinutes()} minutes.`,
      metric: watched.metricInvocations({ period: silentFor, statistic: 'sum' }),
      below: 1,
      periods: 1,
    });
  }

  /** What the function that compares devices with what they should be reports. */
  watchDevices(reconcile: IFunction): void {
    const reported = (metricName: string) =>
      new Metric({
        namespace: 'Switchboard',
        metricName,
        dimensionsMap: { FunctionName: reconcile.functionName },
        period: Duration.minutes(15),
        statistic: 'max',
      });
    this.#raise('DevicesDown', {
      means: 'A number on containers is not connected, although it should be.',
      metric: reported('DevicesDown'),
      above: 0,
      periods: 2,
    });
    this.#raise('DevicesUnrepaired', {
      means: 'Something about devices or registrations is wrong and could not be repaired.',
      metric: reported('ReconcileFailures'),
      above: 0,
      periods: 2,
    });
  }

  /** @param alarm `above` and `below` are what the metric must not be; where nothing is reported, only `below` is breached */
  #raise(section: string, alarm: { means: string; metric: IMetric; periods: number } & Bound): void {
    const isUpper = alarm.above !== undefined;
    const raised = new Alarm(this, section, {
      alarmName: `${Stack.of(this).stackName}-${section}`,
      alarmDescription: `${alarm.means} What to do: docs/runbook.md#${section.toLowerCase()}`,
      metric: alarm.metric,
      threshold: isUpper ? alarm.above : alarm.below,
      comparisonOperator: isUpper ? ComparisonOperator.GREATER_THAN_THRESHOLD : ComparisonOperator.LESS_THAN_THRESHOLD,
      evaluationPeriods: alarm.periods,
      treatMissingData: isUpper ? TreatMissingData.NOT_BREACHING : TreatMissingData.BREACHING,
    });
    for (const topic of this.#topics) raised.addAlarmAction(new SnsAction(topic));
  }
}
