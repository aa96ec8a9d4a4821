import middy from '@middy/core';
import type { Context, SQSBatchResponse, SQSEvent } from 'aws-lambda';
import type { DeadLetterQueue } from '../domain/dead-letter.ts';
import { systemClock } from '../platform/clock.ts';
import { readEnvironment } from '../platform/environment.ts';
import { runLanes } from '../platform/fifo-batch.ts';
import { DeadLetterStore } from '../platform/stores/dead-letters.ts';
import { buryEntry } from './bury-entry.ts';

const environment = readEnvironment(
  'TABLE_NAME',
  'OUTBOUND_DLQ_URL',
  'INBOUND_DLQ_URL',
  'CALLBACKS_DLQ_URL',
  'ROOT_ACCOUNT_SID',
);
const deadLetters = new DeadLetterStore(environment.TABLE_NAME, environment.ROOT_ACCOUNT_SID);
const dependencies = { bury: deadLetters.bury.bind(deadLetters), now: systemClock };

/** By name, which both a queue's URL and its ARN end with. */
const queues = new Map<string | undefined, DeadLetterQueue>([
  [environment.OUTBOUND_DLQ_URL.split('/').at(-1), 'outbound'],
  [environment.INBOUND_DLQ_URL.split('/').at(-1), 'inbound'],
  [environment.CALLBACKS_DLQ_URL.split('/').at(-1), 'callbacks'],
]);

/** Keeps what SQS gave up on as dead letters, where people find it. What cannot be kept now comes again. */
export const handler = middy(async (event: SQSEvent, context: Context): Promise<SQSBatchResponse> => {
  const returned = await runLanes(event.Records, {
    async handle(record) {
      const queue = queues.get(record.eventSourceARN.split(':').at(-1));
      if (!queue) throw new Error('The entry is of a queue that is not known here.');
      return buryEntry(record, queue, dependencies);
    },
    remainingMs: () => context.getRemainingTimeInMillis(),
    leastMs: 5_000,
  });
  return { batchItemFailures: returned.map(({ record }) => ({ itemIdentifier: record.messageId })) };
});
