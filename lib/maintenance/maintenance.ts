import { Duration } from 'aws-cdk-lib/core';
import { Construct } from 'constructs';
import type { Devices } from '../fleet/devices.ts';
import type { Registration } from '../senders/registration.ts';
import { type FunctionNetwork, GatewayFunction } from '../shared/gateway-function.ts';
import type { StageProps } from '../shared/stage.ts';
import { BURIAL_TIMEOUT, type WorkQueue } from '../shared/work-queue.ts';
import { callEvery } from './tick.ts';

export interface MaintenanceProps extends StageProps {
  readonly registration: Registration;
  readonly outbound: WorkQueue;
  readonly inbound: WorkQueue;
  readonly callbacks: WorkQueue;
  /** Where the fleet's devices are reached. Default: there is no fleet. */
  readonly network?: FunctionNetwork | undefined;
  /** Default: there are none to look after. */
  readonly devices?: Devices | undefined;
}

/** Sessions live for minutes to months; a call that finds none due reads one item and ends. */
const RENEWAL_INTERVAL = Duration.minutes(1);

/** A message that was stored and never queued is to be found within a minute. A call that finds nothing makes some 70 small queries. */
const SWEEP_INTERVAL = Duration.minutes(1);

/** A container that died is started again by ECS within a minute; this finds what ECS cannot. */
const RECONCILIATION_INTERVAL = Duration.minutes(15);

/**
 * What keeps a gateway well without anybody asking: credentials are renewed, messages that nothing else moves are moved, devices are
 * compared with what they should be.
 */
export class Maintenance extends Construct {
  constructor(scope: Construct, id: string, props: MaintenanceProps) {
    super(scope, id);
    this.#renew(props);
    this.#sweep(props);
    this.#bury(props);
    if (props.devices) this.#reconcile(props, props.devices);
  }

  #renew(props: MaintenanceProps): void {
    const renew = new GatewayFunction(this, 'Renew', {
      ...props,
      entry: 'maintenance/renew.lambda.ts',
      description: "Switchboard: renews senders' credentials before they expire",
      // Longer than the interval: calls that overlap renew different sessions, each under a lease.
      timeout: Duration.minutes(3),
    })
      .bindTable(props, 'GetItem', 'PutItem', 'UpdateItem', 'DeleteItem', 'Query')
      .bindSenderSecrets(props, 'GetSecretValue', 'PutSecretValue');
    callEvery(RENEWAL_INTERVAL, renew);
    props.alarms.watchSchedule(renew, Duration.minutes(30));
  }

  #sweep(props: MaintenanceProps): void {
    const sweep = new GatewayFunction(this, 'Sweep', {
      ...props,
      // It calls no device.
      network: undefined,
      entry: 'maintenance/sweep.lambda.ts',
      description: 'Switchboard: sends what is due, releases what waits, finds what was never queued',
      // Shorter than the interval: what one call has no time for the next one does.
      timeout: Duration.seconds(55),
      // A million messages may be due in the same minute.
      memorySize: 1_769,
    })
      .bindTable(props, 'GetItem', 'PutItem', 'UpdateItem', 'DeleteItem', 'Query')
      .bindQueue(props.outbound)
      .bindQueue(props.callbacks);
    callEvery(SWEEP_INTERVAL, sweep);
    props.alarms.watchSchedule(sweep, Duration.minutes(5));
  }

  #bury(props: MaintenanceProps): void {
    new GatewayFunction(this, 'Bury', {
      ...props,
      // It calls no device.
      network: undefined,
      entry: 'maintenance/bury.lambda.ts',
      description: 'Switchboard: keeps what SQS gave up on as dead letters',
      timeout: BURIAL_TIMEOUT,
    })
      .bindTable(props, 'GetItem', 'PutItem')
      .consumeDeadLetters(props.outbound)
      .consumeDeadLetters(props.inbound)
      .consumeDeadLetters(props.callbacks);
  }

  #reconcile(props: MaintenanceProps, devices: Devices): void {
    const { registration } = props;
    const reconcile = new GatewayFunction(this, 'Reconcile', {
      ...props,
      entry: 'maintenance/reconcile.lambda.ts',
      description: 'Switchboard: repairs what devices and registrations have become',
      timeout: Duration.minutes(10),
    })
      .bindTable(props, 'GetItem', 'PutItem', 'UpdateItem', 'DeleteItem', 'Query')
      .bindSenderSecrets(props, 'GetSecretValue')
      .bindFleet(devices, 'repair')
      // A removal that died is begun again: nobody can ask for it any more.
      .bindWorkflow(registration.retireNumber, 'StartExecution')
      .bindExecutions(registration.all, 'DescribeExecution');
    callEvery(RECONCILIATION_INTERVAL, reconcile);
    props.alarms.watchSchedule(reconcile, Duration.hours(1));
    props.alarms.watchDevices(reconcile);
  }
}
