import { Policy, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import { Duration } from 'aws-cdk-lib/core';
import { Construct } from 'constructs';
import type { GatewayHttpApi } from '../api/http-api.ts';
import { acknowledgePattern } from '../shared/acknowledge.ts';
import { type FunctionNetwork, GatewayFunction } from '../shared/gateway-function.ts';
import { removalPolicyOf } from '../shared/removal.ts';
import type { StageProps } from '../shared/stage.ts';
import { Workflow } from './workflow.ts';
import { registerCloudNumber } from './workflows/register-cloud-number.ts';
import { registerDevice } from './workflows/register-device.ts';
import { retireNumber } from './workflows/retire-number.ts';
import type { Definition } from './workflows/states.ts';
import { REGISTER_SECONDS } from './workflows/tasks.ts';
import { updateNumber } from './workflows/update-number.ts';

export interface RegistrationProps extends StageProps {
  readonly http: GatewayHttpApi;
  /** Where channels call. Default: the gateway's own address. */
  readonly webhookUrl?: string | undefined;
  /** Where the fleet's devices are reached. Default: there is no fleet. */
  readonly network?: FunctionNetwork | undefined;
  /** The function that makes and removes containers. Default: numbers are registered in a provider's cloud only. */
  readonly fleet?: GatewayFunction | undefined;
}

/** How numbers are registered, changed and removed: one state machine for each, made of steps that two functions take. */
export class Registration extends Construct {
  /** Default: this gateway runs no devices. */
  readonly registerDevice: Workflow | undefined;
  readonly registerCloudNumber: Workflow;
  readonly updateNumber: Workflow;
  readonly retireNumber: Workflow;

  constructor(scope: Construct, id: string, props: RegistrationProps) {
    super(scope, id);
    const { config, fleet } = props;
    const register = this.#createFunction(props);
    const functions = fleet ? [register, fleet] : [register];
    const arns = { register: register.functionArn, fleet: fleet?.functionArn };
    const logGroup = new LogGroup(this, 'Logs', {
      retention: config.logRetentionDays,
      removalPolicy: removalPolicyOf(config),
    });
    const workflow = (name: string, definition: Definition, called = functions) =>
      new Workflow(this, name, { definition, functions: called, logGroup });

    this.registerDevice =
      fleet && workflow('RegisterDevice', registerDevice({ ...arns, fleet: fleet.functionArn }), functions);
    this.registerCloudNumber = workflow('RegisterCloudNumber', registerCloudNumber(arns), [register]);
    this.updateNumber = workflow('UpdateNumber', updateNumber(arns));
    this.retireNumber = workflow('RetireNumber', retireNumber(arns));

    this.#allowStopping(register);
    props.alarms.watchWorkflows('RegistrationFailures', [...this.registrations, this.updateNumber]);
    props.alarms.watchWorkflows('RemovalFailures', [this.retireNumber]);
  }

  /** What waits for codes. */
  get registrations(): Workflow[] {
    return [this.registerDevice, this.registerCloudNumber].filter((workflow) => workflow !== undefined);
  }

  get all(): Workflow[] {
    return [...this.registrations, this.updateNumber, this.retireNumber];
  }

  #createFunction(props: RegistrationProps): GatewayFunction {
    return new GatewayFunction(this, 'Register', {
      ...props,
      entry: 'senders/register.lambda.ts',
      description: 'Switchboard: the steps of a registration at Meta and at a device',
      timeout: Duration.seconds(REGISTER_SECONDS),
    })
      .bindTable(props, 'GetItem', 'PutItem', 'UpdateItem', 'DeleteItem')
      .bindSenderSecrets(props, 'CreateSecret', 'GetSecretValue', 'PutSecretValue', 'DeleteSecret')
      .bindGatewayUrl(props.http)
      .bindWebhookUrl(props.webhookUrl);
  }

  /** A policy beside the function's own: in that one it would be a circle, since workflows need the function. */
  #allowStopping(register: GatewayFunction): void {
    const executions = [...this.registrations, this.updateNumber].map((workflow) => workflow.executionsArn);
    const policy = new Policy(this, 'StopRegistrations', {
      statements: [
        new PolicyStatement({ actions: ['states:DescribeExecution', 'states:StopExecution'], resources: executions }),
      ],
    });
    register.role?.attachInlinePolicy(policy);
    for (const arn of executions)
      acknowledgePattern(policy, arn, 'Executions are made at run time, one at a time for each number.');
  }
}
