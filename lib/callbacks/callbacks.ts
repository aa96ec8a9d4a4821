import { Construct } from 'constructs';
import { GatewayFunction } from '../shared/gateway-function.ts';
import type { StageProps } from '../shared/stage.ts';
import type { WorkQueue } from '../shared/work-queue.ts';

export interface CallbacksProps extends StageProps {
  readonly callbacks: WorkQueue;
  readonly outbound: WorkQueue;
}

/** Callbacks at once. Slow customers hold their invocation, so this is what keeps them from using up the AWS account's. */
const MAX_CONCURRENCY = 100;

/** Stage 5: tells customers of statuses and inbound messages; a TwiML answer becomes an outbound message. */
export class Callbacks extends Construct {
  constructor(scope: Construct, id: string, props: CallbacksProps) {
    super(scope, id);
    new GatewayFunction(this, 'Notify', {
      ...props,
      entry: 'callbacks/notify.lambda.ts',
      description: 'Switchboard: posts signed callbacks to customers',
      timeout: props.callbacks.consumerTimeout,
      // It waits for customers, and little else.
      memorySize: 256,
    })
      .bindTable(props, 'GetItem', 'PutItem', 'UpdateItem', 'DeleteItem')
      .bindMasterKey(props)
      .bindQueue(props.outbound)
      .consume(props.callbacks, props.config.batchSize, MAX_CONCURRENCY);
  }
}
