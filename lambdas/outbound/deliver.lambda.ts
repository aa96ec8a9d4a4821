import middy from '@middy/core';
import type { Context, SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import { queueCallback } from '../callbacks/queue-callback.ts';
import { requireChannel } from '../channels/load.ts';
import { systemClock, toIso } from '../platform/clock.ts';
import { readEnvironment } from '../platform/environment.ts';
import { hideFor, sendTask } from '../platform/queues.ts';
import { SenderSecrets } from '../platform/sender-secrets.ts';
import { MessageIdStore } from '../platform/stores/message-ids.ts';
import { MessageStore } from '../platform/stores/messages.ts';
import { PacingStore } from '../platform/stores/pacing.ts';
import { SenderStore } from '../platform/stores/senders.ts';
import { SentMessageStore } from '../platform/stores/sent-messages.ts';
import { SessionStore } from '../platform/stores/sessions.ts';
import { WindowStore } from '../platform/stores/windows.ts';
import { CredentialSource } from './credentials.ts';
import { deliverBatch } from './deliver-batch.ts';
import { deliverMessage } from './deliver-message.ts';

const environment = readEnvironment(
  'TABLE_NAME',
  'OUTBOUND_QUEUE_URL',
  'OUTBOUND_DLQ_URL',
  'CALLBACKS_QUEUE_URL',
  'SENDER_SECRET_PREFIX',
  'LEASE_SECONDS',
  'ALLOW_LOOPBACK_URLS',
);
const table = environment.TABLE_NAME;
const shared = {
  senders: new SenderStore(table),
  pacing: new PacingStore(table),
  channel: requireChannel,
  now: systemClock,
};
const dependencies = {
  ...shared,
  messages: new MessageStore(table),
  windows: new WindowStore(table),
  messageIds: new MessageIdStore(table),
  sentMessages: new SentMessageStore(table),
  credentials: new CredentialSource({
    secrets: new SenderSecrets(environment.SENDER_SECRET_PREFIX),
    sessions: new SessionStore(table),
    allowLoopback: environment.ALLOW_LOOPBACK_URLS,
  }),
  announce: queueCallback(environment.CALLBACKS_QUEUE_URL),
  allowLoopback: environment.ALLOW_LOOPBACK_URLS,
  leaseMs: environment.LEASE_SECONDS * 1_000,
};

/** 2 on a message's way: takes tasks from `outbound.fifo` and delivers the messages they name. */
export const handler = middy(async (event: SQSEvent, context: Context): Promise<SQSBatchResponse> => {
  const batchItemFailures = await deliverBatch(event.Records, () => context.getRemainingTimeInMillis(), {
    ...shared,
    deliver: (task) => deliverMessage(task, dependencies),
    bury,
    hide: (messages) => hideFor(environment.OUTBOUND_QUEUE_URL, messages),
  });
  return { batchItemFailures };
});

function bury(record: SQSRecord, reason: string): Promise<void> {
  return sendTask(
    environment.OUTBOUND_DLQ_URL,
    { kind: 'outbound', reason, at: toIso(systemClock()), accountSid: '', payload: record.body },
    { group: record.messageId, deduplicationId: record.messageId },
  );
}
