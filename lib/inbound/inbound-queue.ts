import { Duration } from 'aws-cdk-lib/core';
import type { Construct } from 'constructs';
import type { StageProps } from '../shared/stage.ts';
import { WorkQueue } from '../shared/work-queue.ts';

/** `inbound.fifo`: events that could not be applied when their webhook came. Empty on a good day. */
export class InboundQueue extends WorkQueue {
  constructor(scope: Construct, id: string, props: Pick<StageProps, 'config' | 'storage' | 'alarms'>) {
    super(scope, id, {
      ...props,
      stage: 'Inbound',
      consumerTimeout: Duration.seconds(60),
      staleAfter: Duration.minutes(15),
    });
  }
}
