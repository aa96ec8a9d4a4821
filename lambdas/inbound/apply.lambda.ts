import middy from '@middy/core';
import type { Context, SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { requireChannel } from '../channels/load.ts';
import { CredentialSource } from '../outbound/credentials.ts';
import { systemClock } from '../platform/clock.ts';
import { readEnvironment } from '../platform/environment.ts';
import { returnToQueue, runLanes } from '../platform/fifo-batch.ts';
import { MediaStore } from '../platform/media-store.ts';
import { hideFor, sendTask } from '../platform/queues.ts';
import { SenderSecrets } from '../platform/sender-secrets.ts';
import { DeadLetterStore } from '../platform/stores/dead-letters.ts';
import { SenderStore } from '../platform/stores/senders.ts';
import { SessionStore } from '../platform/stores/sessions.ts';
import { applyPostponed, type PostponedDependencies } from './apply-batch.ts';
import { type ApplyDependencies, applyEvent } from './apply-event.ts';
import { applyDependencies } from './dependencies.ts';
import { emptyMedia, fetchMedia } from './fetch-media.ts';

const environment = readEnvironment(
  'TABLE_NAME',
  'INBOUND_QUEUE_URL',
  'CALLBACKS_QUEUE_URL',
  'SENDER_SECRET_PREFIX',
  'MEDIA_BUCKET_NAME',
  'ROOT_ACCOUNT_SID',
  'ALLOW_LOOPBACK_URLS',
);
const allowLoopback = environment.ALLOW_LOOPBACK_URLS;
const secrets = new SenderSecrets(environment.SENDER_SECRET_PREFIX);
const deadLetters = new DeadLetterStore(environment.TABLE_NAME, environment.ROOT_ACCOUNT_SID);
const fetching = {
  credentials: new CredentialSource({
    secrets,
    sessions: new SessionStore(environment.TABLE_NAME),
    allowLoopback,
  }),
  media: new MediaStore(environment.MEDIA_BUCKET_NAME),
  allowLoopback,
  now: systemClock,
};
const applying: ApplyDependencies = {
  ...applyDependencies(environment),
  fetchMedia: (message, context) => fetchMedia(message, context, fetching),
  emptyMedia: (message) => emptyMedia(message, fetching.media),
};
const dependencies: PostponedDependencies = {
  senders: new SenderStore(environment.TABLE_NAME),
  channel: requireChannel,
  apply: (event, context) => applyEvent(event, context, applying),
  secrets,
  postpone: (task, queued) => sendTask(environment.INBOUND_QUEUE_URL, task, queued),
  bury: (letter, key) => deadLetters.bury(letter, key),
  now: systemClock,
};

/** 4 on a message's way: applies the events that could not be applied when their webhook came. */
export const handler = middy(async (event: SQSEvent, context: Context): Promise<SQSBatchResponse> => {
  const returned = await runLanes(event.Records, {
    handle: (record) => applyPostponed(record, dependencies),
    remainingMs: () => context.getRemainingTimeInMillis(),
    // A media file and what follows it.
    leastMs: 30_000,
  });
  const batchItemFailures = await returnToQueue(returned, (records) => hideFor(environment.INBOUND_QUEUE_URL, records));
  return { batchItemFailures };
});
