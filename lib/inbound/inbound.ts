import { FunctionUrlAuthType } from 'aws-cdk-lib/aws-lambda';
import { Duration } from 'aws-cdk-lib/core';
import { Construct } from 'constructs';
import type { GatewayHttpApi } from '../api/http-api.ts';
import { GatewayFunction } from '../shared/gateway-function.ts';
import type { StageProps } from '../shared/stage.ts';
import type { WorkQueue } from '../shared/work-queue.ts';

export interface InboundProps extends StageProps {
  readonly http: GatewayHttpApi;
  readonly inbound: WorkQueue;
  readonly callbacks: WorkQueue;
}

/** Few, because this is work left over from trouble: catching up must not push away live traffic. */
const MAX_CONCURRENCY = 20;

/** Stages 3 and 4: receives webhooks and applies their events, at once or later. */
export class Inbound extends Construct {
  /** Where channels call, with a slash at the end. Default: the gateway's own address. */
  readonly webhookUrl: string | undefined;

  constructor(scope: Construct, id: string, props: InboundProps) {
    super(scope, id);
    const webhook = new GatewayFunction(this, 'Webhook', {
      ...props,
      entry: 'inbound/webhook.lambda.ts',
      description: 'Switchboard: receives the webhooks of channels',
      timeout: Duration.seconds(15),
      // Nobody waits for its answer but a channel.
      memorySize: 256,
    })
      .bindTable(props, 'GetItem', 'PutItem', 'UpdateItem', 'Query')
      .bindSenderSecrets(props, 'GetSecretValue')
      .bindQueue(props.inbound)
      .bindQueue(props.callbacks)
      .bindGatewayUrl(props.http);
    // Stays beside a function URL: what was registered before calls it.
    props.http.route(webhook, '/webhooks/{channel}/{accountSid}/{senderSid}/{secret}');
    if (props.config.webhooks === 'function-url') {
      // Channels do not sign with AWS's keys: the function checks who calls, as it does behind the HTTP API.
      this.webhookUrl = webhook.addFunctionUrl({ authType: FunctionUrlAuthType.NONE }).url;
    }

    new GatewayFunction(this, 'Apply', {
      ...props,
      entry: 'inbound/apply.lambda.ts',
      description: 'Switchboard: applies events that could not be applied when they came',
      timeout: props.inbound.consumerTimeout,
    })
      .bindTable(props, 'GetItem', 'PutItem', 'UpdateItem', 'DeleteItem', 'Query')
      .bindSenderSecrets(props, 'GetSecretValue', 'PutSecretValue')
      .bindMedia(props, 'PutObject')
      // What it reads again becomes entries of their own.
      .bindQueue(props.inbound)
      .bindQueue(props.callbacks)
      .consume(props.inbound, props.config.batchSize, MAX_CONCURRENCY);
  }
}
