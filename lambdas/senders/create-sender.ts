import { createHash, randomBytes } from 'node:crypto';
import type { Channel } from '../channels/types.ts';
import type { Sender } from '../domain/sender.ts';
import type { SenderRequest } from '../domain/sender-request.ts';
import { isStored } from '../domain/session.ts';
import { newSid } from '../domain/sid.ts';
import { standingOf } from '../domain/standing.ts';
import { webhookUrl } from '../domain/twilio-sender.ts';
import type { SessionKeeper } from '../maintenance/session-keeper.ts';
import { toIso } from '../platform/clock.ts';
import { logger } from '../platform/log.ts';
import type { SenderSecrets } from '../platform/sender-secrets.ts';
import type { SenderStore } from '../platform/stores/senders.ts';
import type { SessionStore } from '../platform/stores/sessions.ts';
import { channelOf, claimAddress, ownerOf, removeSender, taken } from './address-owner.ts';
import { type ConnectDependencies, connect, logIn } from './connect-sender.ts';

export interface CreateDependencies extends ConnectDependencies {
  senders: Pick<SenderStore, 'byAddress' | 'create' | 'isClaimed' | 'update' | 'remove'>;
  secrets: Pick<SenderSecrets, 'idFor' | 'create' | 'remove'>;
  sessions: Pick<SessionStore, 'remove'>;
  /** Sets when a session is renewed. */
  keeper: Pick<SessionKeeper, 'schedule'>;
}

/**
 * Connects a sender whose address is registered already: claims it, logs in, keeps its secrets, connects it, and only then is it
 * ONLINE. The claim comes first, so that of two who register one address only one touches the device. Any failure takes back
 * everything here; a device that was already told of the webhook calls a path that answers 404.
 * @param gateway all channels; another one with the same scheme must not have the address either
 * @returns with the secret in its webhook's path, which nobody is shown a second time
 */
export async function createSender(
  request: SenderRequest,
  account: { sid: string },
  gateway: { webhookBaseUrl: string; channels: readonly Channel[] },
  dependencies: CreateDependencies,
): Promise<{ sender: Sender; webhookSecret: string }> {
  const channel = channelOf(request, gateway.channels);
  const { senders, secrets, now } = dependencies;
  const owner = await ownerOf(request, account.sid, gateway.channels, dependencies);
  if (owner) throw taken(channel, request.address, standingOf(owner, undefined, undefined, now()));

  const at = toIso(now());
  const sid = newSid('XE', now());
  const webhookSecret = randomBytes(24).toString('base64url');
  const sender: Sender = {
    sid,
    accountSid: account.sid,
    channel: channel.name,
    address: request.address,
    status: 'CREATING',
    fields: request.fields,
    secretId: secrets.idFor(sid),
    webhookSecretHash: createHash('sha256').update(webhookSecret).digest('hex'),
    webhook: request.webhook,
    ...(request.profileName !== undefined && { profileName: request.profileName }),
    ...(request.rate && { rate: request.rate }),
    dateCreated: at,
    dateUpdated: at,
  };
  try {
    await claimAddress(sender, gateway.channels, senders);
    const context = { address: request.address, fields: request.fields, secrets: request.secrets };
    const session = await logIn(channel, context, dependencies);
    const kept = session && isStored(session, now()) ? session : undefined;
    await secrets.create(sender.secretId, { secrets: request.secrets, webhookSecret, ...(kept && { session: kept }) });
    if (kept) await dependencies.keeper.schedule(sender, channel, kept, now());
    await connect(channel, context, webhookUrl(sender, gateway.webhookBaseUrl, webhookSecret), session, dependencies);
    const online: Sender = { ...sender, status: 'ONLINE', dateUpdated: toIso(now()) };
    await senders.update(online);
    return { sender: online, webhookSecret };
  } catch (error) {
    // Harmless when somebody else has the address: only this sender's own claim is released.
    await takeBack(sender, dependencies);
    throw error;
  }
}

async function takeBack(sender: Sender, dependencies: CreateDependencies): Promise<void> {
  try {
    await removeSender(sender, dependencies);
  } catch (error) {
    // The caller needs the first error; what is left behind is taken over by the next try for this address.
    logger.error('a failed registration could not be taken back', { senderSid: sender.sid, error: error as Error });
  }
}
