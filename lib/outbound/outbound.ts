import { Construct } from 'constructs';
import { channelPermissions } from '../shared/channel-permissions.ts';
import { type FunctionNetwork, GatewayFunction } from '../shared/gateway-function.ts';
import type { StageProps } from '../shared/stage.ts';
import type { WorkQueue } from '../shared/work-queue.ts';

export interface OutboundProps extends StageProps {
  readonly outbound: WorkQueue;
  readonly callbacks: WorkQueue;
  /** Where the fleet's devices are reached. Default: there is no fleet. */
  readonly network?: FunctionNetwork | undefined;
}

/** Stage 2: delivers messages to their channel. */
export class Outbound extends Construct {
  constructor(scope: Construct, id: string, props: OutboundProps) {
    super(scope, id);
    new GatewayFunction(this, 'Deliver', {
      ...props,
      entry: 'outbound/deliver.lambda.ts',
      description: 'Switchboard: delivers messages to their channel',
      timeout: props.outbound.consumerTimeout,
    })
      .bindTable(props, 'GetItem', 'PutItem', 'UpdateItem', 'DeleteItem', 'Query')
      .bindSenderSecrets(props, 'GetSecretValue', 'PutSecretValue')
      .bindChannels(channelPermissions())
      .bindQueue(props.callbacks)
      // What waits in a sender's backlog follows what was delivered.
      .bindQueue(props.outbound)
      .consume(props.outbound, props.config.batchSize, props.config.deliverConcurrency)
      // Half of the function's own time: longer than one attempt takes.
      .addEnvironment('LEASE_SECONDS', String(props.outbound.consumerTimeout.toSeconds() / 2));
  }
}
