import type { SQSBatchItemFailure, SQSRecord } from 'aws-lambda';
import { logger } from './log.ts';

/** What became of a record: finished, or to be shown again after so many seconds. */
export type Handled = { done: true } | { done: false; retryIn: number };

export const done: Handled = { done: true };
export const again = (retryIn: number): Handled => ({ done: false, retryIn });

/** A record that goes back to the queue, hidden for so many seconds. */
export interface Returned {
  record: SQSRecord;
  seconds: number;
}

export interface LaneOptions {
  handle(record: SQSRecord): Promise<Handled>;
  /** How long the function may still run, in ms. */
  remainingMs(): number;
  /** A lane begins no record with less time than this left, in ms. */
  leastMs: number;
}

/** Seconds after which a record is shown again that an error of our own (a throttled table, say) kept from being handled. */
const TROUBLE_SECONDS = 5;

/**
 * Handles the records of a FIFO batch: those of one group (a lane) one after the other, lanes at the same time. Where a
 * record must wait, it and all later ones of its lane are returned: one that overtook it would break the order.
 */
export async function runLanes(records: SQSRecord[], options: LaneOptions): Promise<Returned[]> {
  const lanes = Map.groupBy(records, ({ attributes }) => attributes.MessageGroupId);
  const returned = await Promise.all([...lanes.values()].map((lane) => runLane(lane, options)));
  return returned.flat();
}

async function runLane(lane: SQSRecord[], { handle, remainingMs, leastMs }: LaneOptions): Promise<Returned[]> {
  for (const [index, record] of lane.entries()) {
    const rest = (seconds: number) => lane.slice(index).map((later) => ({ record: later, seconds }));
    if (remainingMs() < leastMs) return rest(0);
    try {
      const handled = await handle(record);
      if (!handled.done) return rest(handled.retryIn);
    } catch (error) {
      logger.error('a queue record could not be handled', { queueMessageId: record.messageId, error: error as Error });
      return rest(TROUBLE_SECONDS);
    }
  }
  return [];
}

/**
 * Hides the returned records and names them as failed. On a FIFO queue a record that is not named is deleted; one that is
 * named but not hidden would keep its group waiting for the queue's whole visibility timeout.
 */
export async function returnToQueue(
  returned: Returned[],
  hide: (messages: { receiptHandle: string; seconds: number }[]) => Promise<void>,
): Promise<SQSBatchItemFailure[]> {
  if (returned.length > 0) {
    await hide(returned.map(({ record, seconds }) => ({ receiptHandle: record.receiptHandle, seconds })));
  }
  return returned.map(({ record }) => ({ itemIdentifier: record.messageId }));
}

/** A record's body as its schema reads it; undefined when it is not JSON or not of that shape. */
export function readTask<T>(record: SQSRecord, schema: { parse(value: unknown): T }): T | undefined {
  try {
    return schema.parse(JSON.parse(record.body));
  } catch {
    // The parser's error quotes what it read, so it is not logged.
    logger.error('a queue record could not be read', { queueMessageId: record.messageId });
    return undefined;
  }
}
