import { Duration } from 'aws-cdk-lib/core';
import { Construct } from 'constructs';
import { GatewayFunction } from '../shared/gateway-function.ts';
import type { StageProps } from '../shared/stage.ts';
import type { WorkQueue } from '../shared/work-queue.ts';
import type { GatewayHttpApi } from './http-api.ts';

export interface ApiProps extends StageProps {
  readonly http: GatewayHttpApi;
  readonly outbound: WorkQueue;
  readonly inbound: WorkQueue;
  readonly callbacks: WorkQueue;
}

/** Stage 1: accepts messages; also the rest of Twilio's resources, and the answer to a path that does not exist. */
export class Api extends Construct {
  constructor(scope: Construct, id: string, props: ApiProps) {
    super(scope, id);
    const api = new GatewayFunction(this, 'Api', {
      ...props,
      entry: 'api/api.lambda.ts',
      description: "Switchboard: Twilio's messaging API",
      timeout: Duration.seconds(15),
    })
      .bindTable(props, 'GetItem', 'PutItem', 'UpdateItem', 'DeleteItem', 'Query')
      .bindMasterKey(props)
      .bindMedia(props, 'GetObject', 'DeleteObject')
      .bindQueue(props.outbound)
      // Dead letters are redriven; a message that is canceled is announced.
      .bindQueue(props.inbound)
      .bindQueue(props.callbacks);
    props.http.route(api, '/2010-04-01/{proxy+}', '/v1/DeadLetters', '/v1/DeadLetters/{proxy+}');
    props.http.routeEverythingElse(api);
  }
}
