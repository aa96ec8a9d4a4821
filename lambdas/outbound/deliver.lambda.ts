import middy from '@middy/core';
import type { Context, SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import { queueCallback } from '../callbacks/queue-callback.ts';
import { requireChannel } from '../channels/load.ts';
import { Circuits } from '../platform/circuits.ts';
import { systemClock, toIso } from '../platform/clock.ts';
import { readEnvironment } from '../platform/environment.ts';
import { hideFor, sendTasks } from '../platform/queues.ts';
import { SenderSecrets } from '../platform/sender-secrets.ts';
import { BacklogStore } from '../platform/stores/backlogs.ts';
import { CircuitStore } from '../platform/stores/circuits.ts';
import { DeadLetterStore } from '../platform/stores/dead-letters.ts';
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
import { ProviderGate } from './provider-gate.ts';
import { BacklogReleaser } from './release-backlog.ts';
import { ReturnTimes } from './return-times.ts';

const environment = readEnvironment(
  'TABLE_NAME',
  'OUTBOUND_QUEUE_URL',
  'CALLBACKS_QUEUE_URL',
  'SENDER_SECRET_PREFIX',
  'ROOT_ACCOUNT_SID',
  'LEASE_SECONDS',
  'ALLOW_LOOPBACK_URLS',
);
const table = environment.TABLE_NAME;
const deadLetters = new DeadLetterStore(table, environment.ROOT_ACCOUNT_SID);
const backlogs = new BacklogStore(table);
const releaser = new BacklogReleaser({
  backlogs,
  enqueue: (tasks) => sendTasks(environment.OUTBOUND_QUEUE_URL, tasks),
  now: systemClock,
});
const gate = new ProviderGate(new Circuits(new CircuitStore(table), systemClock));
const returns = new ReturnTimes();
const shared = {
  senders: new SenderStore(table),
  pacing: new PacingStore(table),
  channel: requireChannel,
  now: systemClock,
};
const dependencies = {
  ...shared,
  backlogs,
  gate,
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
  bury: deadLetters.bury.bind(deadLetters),
  allowLoopback: environment.ALLOW_LOOPBACK_URLS,
  leaseMs: environment.LEASE_SECONDS * 1_000,
};

/** 2 on a message's way: takes tasks from `outbound.fifo` and delivers the messages they name. */
export const handler = middy(async (event: SQSEvent, context: Context): Promise<SQSBatchResponse> => {
  const batchItemFailures = await deliverBatch(event.Records, () => context.getRemainingTimeInMillis(), {
    ...shared,
    returns,
    downFor: (senderSid) => gate.downFor(senderSid, systemClock()),
    postpone: backlogs.postpone.bind(backlogs),
    release: releaser.release.bind(releaser),
    deliver: (task) => deliverMessage(task, dependencies),
    bury,
    hide: (messages) => hideFor(environment.OUTBOUND_QUEUE_URL, messages),
  });
  return { batchItemFailures };
});

function bury(record: SQSRecord, reason: string): Promise<void> {
  const at = toIso(systemClock());
  return deadLetters.bury({ kind: 'outbound', reason, at, accountSid: '', payload: record.body }, record.messageId);
}
