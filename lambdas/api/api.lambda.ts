import { queueCallback } from '../callbacks/queue-callback.ts';
import { readEnvironment } from '../platform/environment.ts';
import { MasterKey } from '../platform/master-key.ts';
import { MediaStore } from '../platform/media-store.ts';
import { sendTask } from '../platform/queues.ts';
import { AccountStore } from '../platform/stores/accounts.ts';
import { DeadLetterStore } from '../platform/stores/dead-letters.ts';
import { deadLetterResources } from './dead-letters/resources.ts';
import { apiHandler } from './http/api-handler.ts';
import { acceptDependencies } from './messages/dependencies.ts';
import { messageRoutes } from './messages/routes.ts';

const environment = readEnvironment(
  'TABLE_NAME',
  'OUTBOUND_QUEUE_URL',
  'INBOUND_QUEUE_URL',
  'CALLBACKS_QUEUE_URL',
  'MASTER_KEY_SECRET_ID',
  'MEDIA_BUCKET_NAME',
  'ROOT_ACCOUNT_SID',
  'ALLOW_LOOPBACK_URLS',
);
const messages = {
  ...acceptDependencies(environment),
  media: new MediaStore(environment.MEDIA_BUCKET_NAME),
  announce: queueCallback(environment.CALLBACKS_QUEUE_URL),
};
const deadLetters = {
  ...messages,
  letters: new DeadLetterStore(environment.TABLE_NAME, environment.ROOT_ACCOUNT_SID),
  postpone: sendTask.bind(undefined, environment.INBOUND_QUEUE_URL),
  callBack: sendTask.bind(undefined, environment.CALLBACKS_QUEUE_URL),
};

/** 1 on a message's way: accepts it, and answers what became of it. Twilio's v2010 API. */
export const handler = apiHandler(
  [...messageRoutes(messages, { allowLoopback: environment.ALLOW_LOOPBACK_URLS }), ...deadLetterResources(deadLetters)],
  {
    accounts: new AccountStore(environment.TABLE_NAME, environment.ROOT_ACCOUNT_SID),
    masterKey: new MasterKey(environment.MASTER_KEY_SECRET_ID),
  },
);
