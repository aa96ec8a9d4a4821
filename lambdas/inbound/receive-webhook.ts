import { createHash } from 'node:crypto';
import type { Channel, ChannelEvent, HttpRequest, WebhookRequest } from '../channels/types.ts';
import { secretsEqual } from '../domain/auth-token.ts';
import type { Sender } from '../domain/sender.ts';
import { conversationGroup, type DeadLetter, type InboundTask } from '../domain/tasks.ts';
import { type Clock, toIso } from '../platform/clock.ts';
import { logger } from '../platform/log.ts';
import type { SenderSecrets } from '../platform/sender-secrets.ts';
import type { SenderStore } from '../platform/stores/senders.ts';
import type { EventContext } from './apply-event.ts';

/** The longest webhook that is read, in bytes: what a dead letter can hold. */
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
  /** Keeps what could not be read. */
  bury(letter: DeadLetter, deduplicationId: string): Promise<void>;
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
  const { secrets } = await dependencies.secrets.get(sender.secretId);
  const reading = await channel.receive(request, { address: sender.address, fields: sender.fields, secrets });
  switch (reading.kind) {
    case 'handshake':
      if (reading.confirm) await dependencies.confirm(reading.confirm);
      return reading.answer;
    case 'refused':
      logger.warn('webhook refused', { senderSid: sender.sid, reason: reading.reason });
      return { status: reading.status, body: reading.reason };
    case 'malformed':
      await dependencies.bury(deadLetter(sender, request, reading.reason, dependencies.now()), sha256(request.body));
      return channel.webhookAnswer;
    case 'events':
      for (const event of reading.events) {
        const owner = await ownerOf(event, sender, dependencies);
        if (owner) await take(event, { sender: owner, channel, gatewayUrl }, dependencies);
        else await buryStray(event, sender, dependencies);
      }
      return channel.webhookAnswer;
  }
}

/**
 * Whose event it is. Some providers have one webhook for all senders of a customer: then an event says whose it is, and it is
 * nobody's when this account has no such sender.
 */
async function ownerOf(
  event: ChannelEvent,
  sender: Sender,
  { senders }: WebhookDependencies,
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

async function buryStray(event: ChannelEvent, sender: Sender, { bury, now }: WebhookDependencies): Promise<void> {
  const { accountSid, sid: senderSid } = sender;
  logger.warn('an event is for a sender that is not registered', { senderSid, type: event.type });
  const reason = 'The event is for a sender that this account does not have.';
  const payload = Buffer.from(JSON.stringify(event)).toString('base64');
  const letter: DeadLetter = { kind: 'event', reason, at: toIso(now()), accountSid, senderSid, payload };
  await bury(letter, sha256(payload));
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
function groupOf(event: ChannelEvent, sender: Sender): string {
  if (event.type === 'message' || event.type === 'deletion') return conversationGroup(sender.sid, event.from);
  if (event.type === 'status')
    return conversationGroup(sender.sid, `status/${event.sid ?? event.id ?? event.to ?? ''}`);
  return conversationGroup(sender.sid, 'account');
}

function deadLetter(sender: Sender, request: WebhookRequest, reason: string, now: number): DeadLetter {
  const { accountSid, sid: senderSid } = sender;
  const payload = {
    method: request.method,
    contentType: request.headers['content-type'] ?? '',
    body: Buffer.from(request.body).toString('base64'),
  };
  return { kind: 'event', reason, at: toIso(now), accountSid, senderSid, payload };
}

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
