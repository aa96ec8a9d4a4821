import { allChannels } from '../api/channels.ts';
import { apiHandler } from '../api/http/api-handler.ts';
import { SENDERS_PATH } from '../domain/twilio-sender.ts';
import { SessionKeeper } from '../maintenance/session-keeper.ts';
import { systemClock } from '../platform/clock.ts';
import { readEnvironment } from '../platform/environment.ts';
import { send } from '../platform/http.ts';
import { MasterKey } from '../platform/master-key.ts';
import { SenderSecrets } from '../platform/sender-secrets.ts';
import { AccountStore } from '../platform/stores/accounts.ts';
import { RegistrationStore } from '../platform/stores/registrations.ts';
import { SenderStore } from '../platform/stores/senders.ts';
import { SessionStore } from '../platform/stores/sessions.ts';
import { create, fetchOne, list, remove, update } from './resources.ts';

const environment = readEnvironment(
  'TABLE_NAME',
  'MASTER_KEY_SECRET_ID',
  'SENDER_SECRET_PREFIX',
  'ROOT_ACCOUNT_SID',
  'ALLOW_LOOPBACK_URLS',
  'REGISTER_DEVICE_STATE_MACHINE_ARN',
  'REGISTER_CLOUD_NUMBER_STATE_MACHINE_ARN',
  'UPDATE_NUMBER_STATE_MACHINE_ARN',
  'RETIRE_NUMBER_STATE_MACHINE_ARN',
  'WEBHOOK_URL',
);
const secrets = new SenderSecrets(environment.SENDER_SECRET_PREFIX);
const sessions = new SessionStore(environment.TABLE_NAME);
const dependencies = {
  senders: () => new SenderStore(environment.TABLE_NAME),
  registrations: new RegistrationStore(environment.TABLE_NAME),
  secrets,
  sessions,
  keeper: new SessionKeeper({ secrets, sessions, send, allowLoopback: environment.ALLOW_LOOPBACK_URLS }),
  machines: {
    register: {
      device: environment.REGISTER_DEVICE_STATE_MACHINE_ARN,
      cloud: environment.REGISTER_CLOUD_NUMBER_STATE_MACHINE_ARN,
    },
    update: environment.UPDATE_NUMBER_STATE_MACHINE_ARN,
    retire: environment.RETIRE_NUMBER_STATE_MACHINE_ARN,
  },
  channels: allChannels,
  webhookBaseUrl: environment.WEBHOOK_URL,
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
