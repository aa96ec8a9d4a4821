import { createHash, randomBytes } from 'node:crypto';
import type { Channel } from '../channels/types.ts';
import type { Sender } from '../domain/sender.ts';
import { invalid, type SenderRequest } from '../domain/sender-request.ts';
import { newSid } from '../domain/sid.ts';
import { toIso } from '../platform/clock.ts';
import { logger } from '../platform/log.ts';
import type { SenderSecrets } from '../platform/sender-secrets.ts';
import type { SenderStore } from '../platform/stores/senders.ts';
import { type ConnectDependencies, connect, logIn } from './connect-sender.ts';

export interface CreateDependencies extends ConnectDependencies {
  senders: Pick<SenderStore, 'byAddress' | 'create' | 'update' | 'remove'>;
  secrets: Pick<SenderSecrets, 'idFor' | 'create' | 'remove'>;
}

/** A creation that is older than this was cut off: longer than the function may run. */
const ABANDONED_MS = 120_000;

/**
 * Registers a sender: claims its address, logs in, keeps its secrets, connects it, and only then is it ONLINE.
 * The claim comes first, so that of two who register one address only one touches the device. Any failure takes back
 * everything here; a device that was already told of the webhook calls a path that answers 404.
 * @param channels all of them; another one with the same scheme must not have the address either
 */
export async function createSender(
  request: SenderRequest,
  account: { sid: string },
  gateway: { baseUrl: string; channels: readonly Channel[] },
  dependencies: CreateDependencies,
): Promise<Sender> {
  const channel = gateway.channels.find(({ name }) => name === request.channel);
  if (!channel) throw new Error(`The channel ${request.channel} vanished while a sender was created.`);
  const { senders, secrets, now } = dependencies;
  await refuseTaken(request, account.sid, channel, gateway.channels, dependencies);

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
    dateCreated: at,
    dateUpdated: at,
  };
  try {
    if (!(await senders.create(sender))) throw taken(channel, request.address);
    const context = { address: request.address, fields: request.fields, secrets: request.secrets };
    const session = await logIn(channel, context, dependencies);
    await secrets.create(sender.secretId, { secrets: request.secrets, webhookSecret, ...(session && { session }) });
    const webhookUrl = `${gateway.baseUrl}/webhooks/${channel.name}/${account.sid}/${sid}/${webhookSecret}`;
    await connect(channel, context, webhookUrl, session, dependencies);
    const online: Sender = { ...sender, status: 'ONLINE', dateUpdated: toIso(now()) };
    await senders.update(online);
    return online;
  } catch (error) {
    // Harmless when somebody else has the address: only this sender's own claim is released.
    await takeBack(sender, dependencies);
    throw error;
  }
}

/** Removes a sender with its secrets. The secrets go first: what is cut off after that can be repeated. */
export async function removeSender(
  sender: Sender,
  { senders, secrets }: { senders: Pick<SenderStore, 'remove'>; secrets: Pick<SenderSecrets, 'remove'> },
): Promise<void> {
  await secrets.remove(sender.secretId);
  await senders.remove(sender);
}

async function takeBack(sender: Sender, dependencies: CreateDependencies): Promise<void> {
  try {
    await removeSender(sender, dependencies);
  } catch (error) {
    // The caller needs the first error; what is left behind is taken over by the next try for this address.
    logger.error('a failed registration could not be taken back', { senderSid: sender.sid, error: error as Error });
  }
}

async function refuseTaken(
  request: SenderRequest,
  accountSid: string,
  channel: Channel,
  channels: readonly Channel[],
  dependencies: CreateDependencies,
): Promise<void> {
  for (const { name } of channels.filter(({ address }) => address.scheme === channel.address.scheme)) {
    const owner = await dependencies.senders.byAddress(name, request.address);
    if (!owner) continue;
    const isAbandoned =
      owner.accountSid === accountSid &&
      owner.status === 'CREATING' &&
      dependencies.now() - Date.parse(owner.dateCreated) > ABANDONED_MS;
    if (!isAbandoned) throw taken(channel, request.address);
    await removeSender(owner, dependencies);
  }
}

const taken = (channel: Channel, address: string) =>
  invalid([`sender_id: ${channel.address.format(address)} is already registered`], { status: 409 });
