import middy from '@middy/core';
import type { Context } from 'aws-lambda';
import { requireChannel } from '../channels/load.ts';
import { systemClock } from '../platform/clock.ts';
import { readEnvironment } from '../platform/environment.ts';
import { send } from '../platform/http.ts';
import { SenderSecrets } from '../platform/sender-secrets.ts';
import { SenderStore } from '../platform/stores/senders.ts';
import { SessionStore } from '../platform/stores/sessions.ts';
import { type RenewalReport, renewSessions } from './renew-sessions.ts';
import { SessionKeeper } from './session-keeper.ts';

const environment = readEnvironment('TABLE_NAME', 'SENDER_SECRET_PREFIX', 'ALLOW_LOOPBACK_URLS');
const secrets = new SenderSecrets(environment.SENDER_SECRET_PREFIX);
const sessions = new SessionStore(environment.TABLE_NAME);
const dependencies = {
  secrets,
  sessions,
  senders: new SenderStore(environment.TABLE_NAME),
  keeper: new SessionKeeper({ secrets, sessions, send, allowLoopback: environment.ALLOW_LOOPBACK_URLS }),
  channel: requireChannel,
  now: systemClock,
};

/**
 * Every minute: renews the sessions that are due. Fails, which raises this function's alarm, when one has lost half of the
 * time that it should have been renewed in.
 */
export const handler = middy(async (_event: unknown, context: Context): Promise<RenewalReport> => {
  const report = await renewSessions(() => context.getRemainingTimeInMillis(), dependencies);
  if (report.atRisk.length === 0) return report;
  throw new Error(
    `Sessions that end soon could not be renewed, of the senders ${report.atRisk.join(', ')}. Their logs say why.`,
  );
});
