import { Duration } from 'aws-cdk-lib/core';
import type { Construct } from 'constructs';
import type { StageProps } from '../shared/stage.ts';
import { WorkQueue } from '../shared/work-queue.ts';

/** `outbound.fifo`: one entry for each message to deliver; the group is the conversation. */
export class OutboundQueue extends WorkQueue {
  constructor(scope: Construct, id: string, props: Pick<StageProps, 'config' | 'storage' | 'alarms'>) {
    super(scope, id, {
      ...props,
      stage: 'Outbound',
      // A batch of ten, each allowed a slow provider's answer.
      consumerTimeout: Duration.seconds(60),
      staleAfter: Duration.minutes(30),
    });
  }
}
