import { Duration } from 'aws-cdk-lib/core';
import { Construct } from 'constructs';
import type { GatewayHttpApi } from '../api/http-api.ts';
import { type FunctionNetwork, GatewayFunction } from '../shared/gateway-function.ts';
import type { StageProps } from '../shared/stage.ts';
import type { Registration } from './registration.ts';

export interface SendersProps extends StageProps {
  readonly http: GatewayHttpApi;
  /** Where channels call. Default: the gateway's own address. */
  readonly webhookUrl?: string | undefined;
  readonly registration: Registration;
  /** Where the fleet's devices are reached. Default: there is no fleet. */
  readonly network?: FunctionNetwork | undefined;
}

/** The Senders API: registers the addresses that can send. */
export class Senders extends Construct {
  constructor(scope: Construct, id: string, props: SendersProps) {
    super(scope, id);
    const { registration } = props;
    const senders = new GatewayFunction(this, 'Senders', {
      ...props,
      entry: 'senders/senders.lambda.ts',
      description: 'Switchboard: the Senders API',
      // A registration logs in at the provider and connects; 29 seconds is as long as the HTTP API waits.
      timeout: Duration.seconds(29),
    })
      .bindTable(props, 'GetItem', 'PutItem', 'UpdateItem', 'DeleteItem', 'Query')
      .bindMasterKey(props)
      .bindSenderSecrets(props, 'CreateSecret', 'GetSecretValue', 'PutSecretValue', 'DeleteSecret')
      .bindWorkflow(registration.updateNumber, 'StartExecution')
      .bindWorkflow(registration.retireNumber, 'StartExecution')
      .bindExecutions(registration.all, 'DescribeExecution')
      .bindWebhookUrl(props.webhookUrl);
    for (const workflow of registration.registrations) {
      senders.bindWorkflow(workflow, 'StartExecution', 'SendTaskSuccess');
    }
    props.http.route(senders, '/v2/Channels/Senders', '/v2/Channels/Senders/{proxy+}');
  }
}
