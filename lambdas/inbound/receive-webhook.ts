import { createHash } from 'node:crypto';
import type { Channel, ChannelEvent, HttpRequest, WebhookRequest } from '../channels/types.ts';
import { secretsEqual } from '../domain/auth-token.ts';
import type { Sender } from '../domain/sender.ts';
import { conversationGroup, type DeadLetter, type InboundTask, type WebhookTask } from '../domain/tasks.ts';
import { type Clock, toIso } from '../platform/clock.ts';
import { logger } from '../platform/log.ts';
import type { SenderSecrets } from '../platform/sender-secrets.ts';
import type { SenderStore } from '../platform/stores/senders.ts';
import type { EventContext } from './apply-event.ts';

/** The reason of letters whose event names somebody else's address, or nobody's. */
export const NO_SUCH_SENDER = 'The event is for a sender that this account does not have.';

/** The longest webhook that is read, in bytes: in base64 it fits into a queue. */
export const MAX_WEBHOOK_BYTES = 700_000;

/** Whose webhook it is, from its path. */
export interface WebhookPath {
  channel: string;
  accountSid: string;
  senderSid: string;
  secret: string;
}

export interface WebhookAnswer {
  status: number;
  headers?: Record<string, string>;
  body: string;
}

export interface WebhookDependencies {
  senders: SenderStore;
  secrets: SenderSecrets;
  channel(name: string): Channel;
  apply(event: ChannelEvent, context: EventContext): Promise<void>;
  /** Queues an event that could not be applied now. */
  postpone(task: InboundTask, group: string, deduplicationId: string): Promise<void>;
  /** Makes the request that confirms a handshake; throws unless it succeeds. */
  confirm(request: HttpRequest): Promise<void>;
  /** Keeps what could not be read, under a key that a repetition has too. */
  bury(letter: DeadLetter, key: string): Promise<void>;
  now: Clock;
}

/**
 * Receives one webhook: who sent it, is it genuine, what does it say; then applies each event, or queues it. Answers 200
 * only when every event is applied or safely queued: until then the channel keeps it and sends it again.
 */
export async function receiveWebhook(
  path: WebhookPath,
  request: WebhookRequest,
  gatewayUrl: string,
  dependencies: WebhookDependencies,
): Promise<WebhookAnswer> {
  const sender = await dependencies.senders.get(path.accountSid, path.senderSid);
  if (!sender || sender.channel !== path.channel) return { status: 404, body: 'No such webhook.' };
  if (!secretsEqual(sha256(path.secret), sender.webhookSecretHash))
    return { status: 403, body: 'Wrong webhook secret.' };
  if (Buffer.byteLength(request.body) > MAX_WEBHOOK_BYTES) return { status: 413, body: 'The webhook is too large.' };

  const channel = dependencies.channel(sender.channel);
  const secrets = channel.webhooksNeedSecrets ? (await dependencies.secrets.get(sender.secretId)).secrets : {};
  const reading = await channel.receive(request, { address: sender.address, fields: sender.fields, secrets });
  switch (reading.kind) {
    case 'handshake':
      if (reading.confirm) await dependencies.confirm(reading.confirm);
      return reading.answer;
    case 'refused':
      logger.warn('webhook refused', { senderSid: sender.sid, reason: reading.reason });
      return { status: reading.status, body: reading.reason };
    case 'malformed':
      await buryUnread(sender, request, gatewayUrl, reading.reason, dependencies);
      return channel.webhookAnswer;
    case 'events':
      for (const event of reading.events) {
        const owner = await ownerOf(event, sender, dependencies);
        if (owner) await take(event, { sender: owner, channel, gatewayUrl }, dependencies);
        else await buryStray(event, sender, gatewayUrl, dependencies);
      }
      return channel.webhookAnswer;
  }
}

/**
 * Whose event it is. Some providers have one webhook for all senders of a customer: then an event says whose it is, and it is
 * nobody's when this account has no such sender.
 */
export async function ownerOf(
  event: ChannelEvent,
  sender: Sender,
  { senders }: { senders: Pick<SenderStore, 'byAddress'> },
): Promise<Sender | undefined> {
  const address = ownAddressIn(event);
  if (address === undefined || address === sender.address) return sender;
  const other = await senders.byAddress(sender.channel, address);
  return other?.accountSid === sender.accountSid ? other : undefined;
}

function ownAddressIn(event: ChannelEvent): string | undefined {
  if (event.type === 'status') return event.from;
  return event.type === 'account' ? undefined : event.to;
}

export async function buryStray(
  event: ChannelEvent,
  sender: Sender,
  gatewayUrl: string,
  { bury, now }: Pick<WebhookDependencies, 'bury' | 'now'>,
): Promise<void> {
  const { accountSid, sid: senderSid } = sender;
  logger.warn('an event is for a sender that is not registered', { senderSid, type: event.type });
  const at = toIso(now());
  const payload: InboundTask = { accountSid, senderSid, event, gatewayUrl, receivedAt: at };
  const letter: DeadLetter = { kind: 'event', reason: NO_SUCH_SENDER, at, accountSid, senderSid, payload };
  await bury(letter, `${senderSid}/${sha256(JSON.stringify(event))}`);
}

/** Applies an event now, or queues it for later. */
async function take(event: ChannelEvent, context: EventContext, dependencies: WebhookDependencies): Promise<void> {
  try {
    await dependencies.apply(event, context);
  } catch (error) {
    const { sender, gatewayUrl } = context;
    logger.info('event postponed', { senderSid: sender.sid, type: event.type, reason: (error as Error).message });
    const { accountSid, sid: senderSid } = sender;
    const task = { accountSid, senderSid, event, gatewayUrl, receivedAt: toIso(dependencies.now()) };
    await dependencies.postpone(task, groupOf(event, sender), sha256(JSON.stringify(event)));
  }
}

/** Events of one conversation stay in order; those that name no contact have only themselves to wait for. */
export function groupOf(event: ChannelEvent, sender: Pick<Sender, 'sid'>): string {
  if (event.type === 'message' || event.type === 'deletion') return conversationGroup(sender.sid, event.from);
  if (event.type === 'status')
    return conversationGroup(sender.sid, `status/${event.sid ?? event.id ?? event.to ?? ''}`);
  return conversationGroup(sender.sid, 'account');
}

async function buryUnread(
  sender: Sender,
  request: WebhookRequest,
  gatewayUrl: string,
  reason: string,
  { bury, now }: Pick<WebhookDependencies, 'bury' | 'now'>,
): Promise<void> {
  const { accountSid, sid: senderSid } = sender;
  const at = toIso(now());
  const payload: WebhookTask = {
    accountSid,
    senderSid,
    method: request.method,
    contentType: request.headers['content-type'] ?? '',
    body: Buffer.from(request.body).toString('base64'),
    gatewayUrl,
    receivedAt: at,
  };
  await bury({ kind: 'webhook', reason, at, accountSid, senderSid, payload }, `${senderSid}/${sha256(request.body)}`);
}

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
