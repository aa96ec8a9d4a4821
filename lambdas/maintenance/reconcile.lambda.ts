import middy from '@middy/core';
import type { Context } from 'aws-lambda';
import { openFleet } from '../fleet/fleet.ts';
import { readEnvironment } from '../platform/environment.ts';
import { send } from '../platform/http.ts';
import { emitCounts } from '../platform/metrics.ts';
import { executionStatus, startExecution } from '../platform/state-machines.ts';
import { reconcile } from './reconcile.ts';
import type { Reconciler } from './reconciler.ts';

const environment = readEnvironment('FLEET', 'TABLE_NAME', 'RETIRE_NUMBER_STATE_MACHINE_ARN', 'ALLOW_LOOPBACK_URLS');
const fleet = openFleet(environment.FLEET, environment.TABLE_NAME);
const reconciler: Reconciler = {
  ...fleet,
  executionStatus,
  startExecution,
  retireNumberArn: environment.RETIRE_NUMBER_STATE_MACHINE_ARN,
  send,
  allowLoopback: environment.ALLOW_LOOPBACK_URLS,
  emit: (counts) => emitCounts(counts, fleet.now()),
};

/** Every quarter of an hour: what should run is compared with what runs, and the difference is repaired or reported. */
export const handler = middy(async (_event: unknown, context: Context): Promise<void> => {
  await reconcile(reconciler, () => context.getRemainingTimeInMillis());
});
