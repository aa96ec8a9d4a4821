import { allChannels } from '../api/channels.ts';
import { apiHandler } from '../api/http/api-handler.ts';
import { SENDERS_PATH } from '../domain/twilio-sender.ts';
import { systemClock } from '../platform/clock.ts';
import { readEnvironment } from '../platform/environment.ts';
import { send } from '../platform/http.ts';
import { MasterKey } from '../platform/master-key.ts';
import { SenderSecrets } from '../platform/sender-secrets.ts';
import { AccountStore } from '../platform/stores/accounts.ts';
import { SenderStore } from '../platform/stores/senders.ts';
import { create, fetchOne, list, remove, update } from './resources.ts';

const environment = readEnvironment(
  'TABLE_NAME',
  'MASTER_KEY_SECRET_ID',
  'SENDER_SECRET_PREFIX',
  'ROOT_ACCOUNT_SID',
  'ALLOW_LOOPBACK_URLS',
);
const dependencies = {
  senders: () => new SenderStore(environment.TABLE_NAME),
  secrets: new SenderSecrets(environment.SENDER_SECRET_PREFIX),
  channels: allChannels,
  send,
  policy: { allowLoopback: environment.ALLOW_LOOPBACK_URLS },
  now: systemClock,
};

/** Twilio's Senders API: registers the addresses that messages are sent from. */
export const handler = apiHandler(
  [
    { path: SENDERS_PATH, methods: { POST: create(dependencies), GET: list(dependencies) } },
    {
      path: `${SENDERS_PATH}/{senderSid}`,
      methods: { GET: fetchOne(dependencies), POST: update(dependencies), DELETE: remove(dependencies) },
    },
  ],
  {
    accounts: new AccountStore(environment.TABLE_NAME, environment.ROOT_ACCOUNT_SID),
    masterKey: new MasterKey(environment.MASTER_KEY_SECRET_ID),
  },
);
