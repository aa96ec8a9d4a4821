import { Duration } from 'aws-cdk-lib/core';
import type { Construct } from 'constructs';
import type { StageProps } from '../shared/stage.ts';
import { WorkQueue } from '../shared/work-queue.ts';

/** `callbacks.fifo`: what customers are to be told. */
export class CallbacksQueue extends WorkQueue {
  constructor(scope: Construct, id: string, props: Pick<StageProps, 'config' | 'storage' | 'alarms'>) {
    super(scope, id, {
      ...props,
      stage: 'Callbacks',
      // Customers may take 15 seconds each, as with Twilio.
      consumerTimeout: Duration.seconds(60),
      // A customer's endpoint that is down for a while is the customer's business; for an hour, somebody should know.
      staleAfter: Duration.hours(1),
    });
  }
}
