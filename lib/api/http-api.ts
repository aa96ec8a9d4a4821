import { AccessLogField, AccessLogFormat } from 'aws-cdk-lib/aws-apigateway';
import {
  HttpApi,
  HttpMethod,
  HttpRoute,
  HttpRouteKey,
  HttpStage,
  LogGroupLogDestination,
} from 'aws-cdk-lib/aws-apigatewayv2';
import { HttpLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import { Duration } from 'aws-cdk-lib/core';
import { Construct } from 'constructs';
import { acknowledge } from '../shared/acknowledge.ts';
import type { GatewayFunction } from '../shared/gateway-function.ts';
import { removalPolicyOf } from '../shared/removal.ts';
import type { StageProps } from '../shared/stage.ts';

/**
 * Requests per second, and how many at once above that, for the whole gateway. API Gateway's own limit is 10,000 a second for
 * everything in an AWS account and Region; this leaves room for the owner's other APIs.
 */
const THROTTLE = { rateLimit: 2000, burstLimit: 2000 };

/** The public HTTP API. Stages add their routes to it. */
export class GatewayHttpApi extends Construct {
  readonly #api: HttpApi;

  constructor(scope: Construct, id: string, { config, alarms }: Pick<StageProps, 'config' | 'alarms'>) {
    super(scope, id);
    this.#api = new HttpApi(this, 'Api', {
      description: "Switchboard: Twilio's messaging API, and the webhooks of channels",
      createDefaultStage: false,
    });
    acknowledge(
      this,
      'AwsSolutions-APIG4',
      "Twilio's API authenticates with Basic credentials, and channels sign their webhooks: both are checked in the functions, which answer in Twilio's own form.",
    );

    const accessLog = new LogGroup(this, 'AccessLogs', {
      retention: config.logRetentionDays,
      removalPolicy: removalPolicyOf(config),
    });
    const stage = new HttpStage(this, 'Stage', {
      httpApi: this.#api,
      stageName: '$default',
      autoDeploy: true,
      throttle: THROTTLE,
      accessLogSettings: { destination: new LogGroupLogDestination(accessLog), format: accessLogFormat() },
    });
    alarms.watchServerErrors(stage.metricServerError({ period: Duration.minutes(5), statistic: 'sum' }));
  }

  /** Where customers and channels reach the gateway, without a slash at the end. */
  get url(): string {
    return this.#api.apiEndpoint;
  }

  /** Sends every method of these paths to a function, in payload format 2.0. */
  route(target: GatewayFunction, ...paths: string[]): void {
    const integration = new HttpLambdaIntegration(target.node.id, target);
    for (const path of paths) this.#api.addRoutes({ path, methods: [HttpMethod.ANY], integration });
  }

  /** Sends whatever no other route matches to a function. */
  routeEverythingElse(target: GatewayFunction): void {
    const integration = new HttpLambdaIntegration('EverythingElse', target);
    new HttpRoute(this, 'EverythingElse', { httpApi: this.#api, routeKey: HttpRouteKey.DEFAULT, integration });
  }
}

/** The route instead of the path, because a webhook's path holds its sender's secret; and no headers, which hold credentials. */
function accessLogFormat(): AccessLogFormat {
  return AccessLogFormat.custom(
    JSON.stringify({
      requestId: AccessLogField.contextRequestId(),
      at: AccessLogField.contextRequestTime(),
      ip: AccessLogField.contextIdentitySourceIp(),
      method: AccessLogField.contextHttpMethod(),
      route: '$context.routeKey',
      status: AccessLogField.contextStatus(),
      bytes: AccessLogField.contextResponseLength(),
      milliseconds: '$context.responseLatency',
      integrationStatus: '$context.integrationStatus',
      integrationError: '$context.integrationErrorMessage',
    }),
  );
}
