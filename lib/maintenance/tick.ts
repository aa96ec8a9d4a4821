import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Schedule, ScheduleExpression } from 'aws-cdk-lib/aws-scheduler';
import { LambdaInvoke } from 'aws-cdk-lib/aws-scheduler-targets';
import type { Duration } from 'aws-cdk-lib/core';
import { acknowledgePattern } from '../shared/acknowledge.ts';
import type { GatewayFunction } from '../shared/gateway-function.ts';

/**
 * Calls a function again and again. What one call leaves undone the next one does, so nothing is repeated for long and nothing is kept:
 * a call that cannot be delivered is tried until the next one is due, and one that fails is not tried again.
 */
export function callEvery(interval: Duration, target: GatewayFunction): void {
  const scope = target.node.scope;
  if (!scope) throw new Error(`${target.node.path} has no parent.`);
  target.configureAsyncInvoke({ retryAttempts: 0, maxEventAge: interval });
  const role = new Role(scope, `${target.node.id}ScheduleRole`, {
    assumedBy: new ServicePrincipal('scheduler.amazonaws.com'),
  });
  new Schedule(scope, `${target.node.id}Schedule`, {
    schedule: ScheduleExpression.rate(interval),
    description: `Calls ${target.node.id}`,
    target: new LambdaInvoke(target, { role, retryAttempts: 3, maxEventAge: interval }),
  });
  acknowledgePattern(role, `${target.functionArn}:*`, 'The versions of one function.');
}
