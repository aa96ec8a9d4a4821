import type { Registration } from './registration.ts';
import type { Sender } from './sender.ts';

/** How an execution is doing, in Step Functions' words; undefined: it was never started. */
export type Execution = 'RUNNING' | 'SUCCEEDED' | 'FAILED' | 'TIMED_OUT' | 'ABORTED' | 'PENDING_REDRIVE' | undefined;

/**
 * How long after its beginning, in ms, a request that has started nothing counts as cut off: a little more than the 29 seconds
 * that the function may run.
 */
export const CUT_OFF_AFTER_MS = 35_000;

const isRunning = (execution: Execution) => execution === 'RUNNING' || execution === 'PENDING_REDRIVE';

/** Whether an execution that a record names will do no more: it has ended, or what should have started it was cut off. */
export function isDead({ startedAt }: Pick<Registration, 'startedAt'>, execution: Execution, now: number): boolean {
  return execution === undefined ? waitFor(startedAt, now) === 0 : !isRunning(execution);
}

/**
 * Why an account's own sender cannot be registered once more; undefined when it can: its registration has failed or was cut
 * off, so it starts again under the same SID. To follow the number.
 * @param now ms since the epoch
 */
export function standingOf(
  owner: Pick<Sender, 'sid' | 'status' | 'dateUpdated'>,
  record: Registration | undefined,
  execution: Execution,
  now: number,
): string | undefined {
  const { sid, status } = owner;
  if (status === 'DELETING' || record?.state === 'retiring') return beingRemoved;
  if (status === 'ONLINE' || status === 'ONLINE:UPDATING') return `is already registered as ${sid}`;
  if (!record) return justBegun(owner.dateUpdated, now);
  if (isRunning(execution)) {
    return record.state === 'failed'
      ? `has a registration (${sid}) that has failed and is still being undone; try again in a minute`
      : `is being registered as ${sid}, at the step ${record.step}; fetch that sender, or delete it first`;
  }
  if (record.state === 'failed') return undefined;
  if (record.state !== 'running') {
    return `is already registered as ${sid}, which is offline; fetch it to see why, or delete it to register the number anew`;
  }
  return execution === undefined ? justBegun(record.startedAt, now) : undefined;
}

export const beingRemoved = 'is being removed; try again in some minutes';

function justBegun(at: string, now: number): string | undefined {
  const wait = waitFor(at, now);
  if (wait === 0) return undefined;
  return `is being registered by another request that has just begun; if that was cut off, try again in ${Math.ceil(wait / 1000)} seconds`;
}

const waitFor = (at: string, now: number) => Math.max(0, Date.parse(at) + CUT_OFF_AFTER_MS - now);
