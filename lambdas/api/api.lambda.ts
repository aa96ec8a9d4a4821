import { API_VERSION } from '../domain/twilio-message.ts';
import { systemClock } from '../platform/clock.ts';
import { readEnvironment } from '../platform/environment.ts';
import { MasterKey } from '../platform/master-key.ts';
import { MediaStore } from '../platform/media-store.ts';
import { sendTask } from '../platform/queues.ts';
import { AccountStore } from '../platform/stores/accounts.ts';
import { IdempotencyStore } from '../platform/stores/idempotency.ts';
import { MessageStore } from '../platform/stores/messages.ts';
import { SenderStore } from '../platform/stores/senders.ts';
import { allChannels } from './channels.ts';
import { apiHandler } from './http/api-handler.ts';
import { createMessage } from './messages/create.ts';
import { downloadMedia, fetchMedia, fetchMessage, fetchTimeline, listMedia, listMessages } from './messages/read.ts';

const environment = readEnvironment(
  'TABLE_NAME',
  'OUTBOUND_QUEUE_URL',
  'MASTER_KEY_SECRET_ID',
  'MEDIA_BUCKET_NAME',
  'ROOT_ACCOUNT_SID',
  'ALLOW_LOOPBACK_URLS',
);
const table = environment.TABLE_NAME;
const dependencies = {
  messages: new MessageStore(table),
  senders: new SenderStore(table),
  idempotency: new IdempotencyStore(table),
  channels: allChannels,
  media: new MediaStore(environment.MEDIA_BUCKET_NAME),
  enqueue: sendTask.bind(undefined, environment.OUTBOUND_QUEUE_URL),
  now: systemClock,
};
const policy = { allowLoopback: environment.ALLOW_LOOPBACK_URLS };
const messages = `/${API_VERSION}/Accounts/{accountSid}/Messages`;

/** 1 on a message's way: accepts it, and answers what became of it. Twilio's v2010 API. */
export const handler = apiHandler(
  [
    {
      path: `${messages}.json`,
      methods: { POST: createMessage(dependencies, policy), GET: listMessages(dependencies) },
    },
    { path: `${messages}/{messageSid}.json`, methods: { GET: fetchMessage(dependencies) } },
    { path: `${messages}/{messageSid}/Timeline.json`, methods: { GET: fetchTimeline(dependencies) } },
    { path: `${messages}/{messageSid}/Media.json`, methods: { GET: listMedia(dependencies) } },
    { path: `${messages}/{messageSid}/Media/{mediaSid}`, methods: { GET: downloadMedia(dependencies) } },
    { path: `${messages}/{messageSid}/Media/{mediaSid}.json`, methods: { GET: fetchMedia(dependencies) } },
  ],
  {
    accounts: new AccountStore(table, environment.ROOT_ACCOUNT_SID),
    masterKey: new MasterKey(environment.MASTER_KEY_SECRET_ID),
  },
);
