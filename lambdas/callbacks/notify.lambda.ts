import middy from '@middy/core';
import type { Context, SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { allChannels } from '../api/channels.ts';
import { systemClock } from '../platform/clock.ts';
import { readEnvironment } from '../platform/environment.ts';
import { returnToQueue, runLanes } from '../platform/fifo-batch.ts';
import { send } from '../platform/http.ts';
import { MasterKey } from '../platform/master-key.ts';
import { hideFor, sendTask } from '../platform/queues.ts';
import { AccountStore } from '../platform/stores/accounts.ts';
import { IdempotencyStore } from '../platform/stores/idempotency.ts';
import { MessageStore } from '../platform/stores/messages.ts';
import { SenderStore } from '../platform/stores/senders.ts';
import { type NotifyDependencies, notify } from './notify.ts';
import { sendReplies } from './reply.ts';

const environment = readEnvironment(
  'TABLE_NAME',
  'CALLBACKS_QUEUE_URL',
  'CALLBACKS_DLQ_URL',
  'OUTBOUND_QUEUE_URL',
  'MASTER_KEY_SECRET_ID',
  'ROOT_ACCOUNT_SID',
  'ALLOW_LOOPBACK_URLS',
);
const table = environment.TABLE_NAME;
const addresses = { allowLoopback: environment.ALLOW_LOOPBACK_URLS };
const accounts = new AccountStore(table, environment.ROOT_ACCOUNT_SID);
const masterKey = new MasterKey(environment.MASTER_KEY_SECRET_ID);
const accepting = {
  messages: new MessageStore(table),
  senders: new SenderStore(table),
  idempotency: new IdempotencyStore(table),
  channels: allChannels,
  enqueue: sendTask.bind(undefined, environment.OUTBOUND_QUEUE_URL),
  now: systemClock,
};
const dependencies: NotifyDependencies = {
  async authToken(accountSid) {
    const account = await accounts.get(accountSid);
    return account?.status === 'active' ? masterKey.authToken(account) : undefined;
  },
  send: (request, timeouts) => send(request, { addresses, ...timeouts }),
  reply: (task, answer) => sendReplies(task, answer, addresses, accepting),
  bury: (letter, deduplicationId) =>
    sendTask(environment.CALLBACKS_DLQ_URL, letter, { group: deduplicationId, deduplicationId }),
  now: systemClock,
};

/** 5 on a message's way: tells the customer. */
export const handler = middy(async (event: SQSEvent, context: Context): Promise<SQSBatchResponse> => {
  const returned = await runLanes(event.Records, {
    handle: (record) => notify(record, dependencies),
    remainingMs: () => context.getRemainingTimeInMillis(),
    // A callback and its fallback, each at its slowest.
    leastMs: 32_000,
  });
  const batchItemFailures = await returnToQueue(returned, (records) =>
    hideFor(environment.CALLBACKS_QUEUE_URL, records),
  );
  return { batchItemFailures };
});
