import type { LogGroup } from 'aws-cdk-lib/aws-logs';
import { DefinitionBody, LogLevel, StateMachine, StateMachineType } from 'aws-cdk-lib/aws-stepfunctions';
import { ArnFormat, Stack } from 'aws-cdk-lib/core';
import type { Construct } from 'constructs';
import { acknowledge } from '../shared/acknowledge.ts';
import { allow } from '../shared/function-identity.ts';
import type { GatewayFunction } from '../shared/gateway-function.ts';
import type { Definition } from './workflows/states.ts';

export interface WorkflowProps {
  readonly definition: Definition;
  /** The functions that it calls. */
  readonly functions: readonly GatewayFunction[];
  readonly logGroup: LogGroup;
}

/** A state machine of Step Functions, made of steps that functions take. Its id is its name in the environment: `RetireNumber`. */
export class Workflow extends StateMachine {
  /** `RETIRE_NUMBER_STATE_MACHINE_ARN`. */
  readonly environmentName: string;

  constructor(scope: Construct, id: string, { definition, functions, logGroup }: WorkflowProps) {
    super(scope, id, {
      definitionBody: DefinitionBody.fromString(Stack.of(scope).toJsonString(definition)),
      stateMachineType: StateMachineType.STANDARD,
      comment: definition.Comment,
      // No data: the code that a customer gives passes through.
      logs: { destination: logGroup, level: LogLevel.ERROR, includeExecutionData: false },
    });
    this.environmentName = `${id.replace(/(?<=[a-z])(?=[A-Z])/g, '_').toUpperCase()}_STATE_MACHINE_ARN`;
    for (const { functionArn } of functions) allow(this, ['lambda:InvokeFunction'], functionArn);
    this.#explain();
  }

  /** The ARN pattern of its executions. */
  get executionsArn(): string {
    return Stack.of(this).formatArn({
      service: 'states',
      resource: 'execution',
      resourceName: `${this.stateMachineName}:*`,
      arnFormat: ArnFormat.COLON_RESOURCE_NAME,
    });
  }

  #explain(): void {
    acknowledge(
      this,
      'AwsSolutions-SF1',
      'Step Functions keeps every event of an execution for 90 days, where its console shows them; the log is for errors, which outlive them.',
    );
    acknowledge(
      this,
      'AwsSolutions-SF2',
      'A trace would show the same steps and times as the history of the execution, at a price for each.',
    );
    acknowledge(
      this,
      'AwsSolutions-IAM5[Resource::*]',
      'CloudWatch Logs accepts no narrower resource for the delivery of logs by another service.',
    );
  }
}
