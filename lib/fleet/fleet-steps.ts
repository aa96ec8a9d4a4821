import { Duration } from 'aws-cdk-lib/core';
import { Construct } from 'constructs';
import { FLEET_SECONDS } from '../senders/workflows/tasks.ts';
import { GatewayFunction } from '../shared/gateway-function.ts';
import type { StageProps } from '../shared/stage.ts';
import type { Devices } from './devices.ts';

export interface FleetStepsProps extends StageProps {
  readonly devices: Devices;
}

/** Makes and removes the containers of numbers, step by step, as workflows ask for it. It calls AWS only, so it is in no network. */
export class FleetSteps extends Construct {
  readonly function: GatewayFunction;

  constructor(scope: Construct, id: string, props: FleetStepsProps) {
    super(scope, id);
    this.function = new GatewayFunction(this, 'Fleet', {
      ...props,
      entry: 'fleet/fleet.lambda.ts',
      description: 'Switchboard: the steps of a registration that make and remove containers',
      timeout: Duration.seconds(FLEET_SECONDS),
    })
      .bindTable(props, 'GetItem', 'PutItem', 'UpdateItem', 'DeleteItem')
      .bindSenderSecrets(props, 'GetSecretValue')
      .bindFleet(props.devices, 'run');
  }
}
