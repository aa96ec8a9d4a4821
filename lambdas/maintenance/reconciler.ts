import type { HttpAnswer } from '../channels/types.ts';
import type { ExecutionInput } from '../domain/registration.ts';
import type { Fleet } from '../fleet/fleet.ts';
import type { OutgoingRequest, SendOptions } from '../platform/http.ts';
import type { Counts } from '../platform/metrics.ts';

/** What the reconcile job works with. */
export interface Reconciler extends Fleet {
  /** How an execution is doing, `RUNNING` or how it ended; undefined when it was never started. */
  executionStatus(arn: string): Promise<string | undefined>;
  startExecution(stateMachineArn: string, name: string, input: ExecutionInput): Promise<void>;
  /** The state machine that removes a number. */
  retireNumberArn: string;
  send(request: OutgoingRequest, options: SendOptions): Promise<HttpAnswer>;
  allowLoopback: boolean;
  emit(counts: Counts): void;
}

/** Whatever has nobody to look after it is left alone for this long, in ms: somebody may be about to. */
export const GRACE_MS = 60 * 60_000;
