import { randomUUID } from 'node:crypto';
import type { Channel } from '../../channels/types.ts';
import type { Message } from '../../domain/message.ts';
import type { MessageRequest } from '../../domain/message-request.ts';
import { newMessage, sidFor } from '../../domain/new-message.ts';
import { type Route, routesFor, unknownSender } from '../../domain/route.ts';
import { isOnline, type Sender } from '../../domain/sender.ts';
import { conversationGroup, type OutboundTask } from '../../domain/tasks.ts';
import { TwilioError } from '../../domain/twilio-error.ts';
import { type Clock, toIso } from '../../platform/clock.ts';
import { logger } from '../../platform/log.ts';
import type { IdempotencyStore } from '../../platform/stores/idempotency.ts';
import type { MessageStore } from '../../platform/stores/messages.ts';
import type { SenderStore } from '../../platform/stores/senders.ts';

export interface AcceptDependencies {
  messages: Pick<MessageStore, 'insert' | 'get' | 'note' | 'remove'>;
  senders: Pick<SenderStore, 'byAddress'>;
  idempotency: Pick<IdempotencyStore, 'claim'>;
  channels(): Promise<Channel[]>;
  enqueue(task: OutboundTask, options: { group: string; deduplicationId: string }): Promise<void>;
  now: Clock;
}

/** A request whose repetition must find the first one's message: the client's key, and what it came with. */
export interface IdempotencyClaim {
  key: string;
  requestHash: string;
}

/**
 * Accepts a message: stored, then queued. It is accepted only when the queue has acknowledged it.
 *
 * Every step can be repeated, so a request that was cut off anywhere is finished by its repetition with the same
 * idempotency key: the key is claimed for a SID, and the message is inserted and queued under that SID. Nothing is
 * claimed, stored or queued for a request that is wrong.
 */
export async function acceptMessage(
  request: MessageRequest,
  accountSid: string,
  idempotency: IdempotencyClaim | undefined,
  dependencies: AcceptDependencies,
): Promise<{ message: Message; channel: Channel }> {
  const { sender, route, channel } = await senderFor(request, accountSid, dependencies);
  await refuseUnsupported(request, sender, route, channel);
  const own = sidFor(request, dependencies.now());
  const sid = await claimedSid(own, accountSid, idempotency, dependencies);
  const message = newMessage(request, {
    sid,
    accountSid,
    senderSid: sender.sid,
    route,
    validityPeriod: request.validityPeriod ?? channel.validityPeriod,
    now: dependencies.now(),
  });
  const stored = await insertOnce(message, dependencies);
  // Once it is past `queued`, its task has been taken: only one that may never have been queued is queued again.
  if (stored.status !== 'queued') return { message: stored, channel };
  // SQS drops a second task with the same id for five minutes: right within one request, whose sending the SDK may
  // repeat. A later request must get through, since the task of the one before may have met a message taken back. Two
  // tasks for one message do no harm: delivery takes a message only once.
  const deduplicationId = sid === own ? sid : `${sid}-${randomUUID()}`;
  return { message: await enqueued(stored, deduplicationId, dependencies), channel };
}

async function senderFor(
  request: MessageRequest,
  accountSid: string,
  { channels, senders }: AcceptDependencies,
): Promise<{ sender: Sender; route: Route; channel: Channel }> {
  const known = await channels();
  for (const route of routesFor(request, known)) {
    const sender = await senders.byAddress(route.channel, route.from);
    const channel = known.find(({ name }) => name === route.channel);
    // Another account's sender looks exactly like none.
    if (channel && sender?.accountSid === accountSid && isOnline(sender)) return { sender, route, channel };
  }
  throw unknownSender(request.from);
}

/** A kind of message or of file that the channel lacks would fail for sure, so it is refused while the customer listens. */
async function refuseUnsupported(
  { body, media, location }: MessageRequest,
  sender: Sender,
  { from, to }: Route,
  channel: Channel,
): Promise<void> {
  const message = {
    // What a message is has nothing to do with its SID, and it has none yet.
    sid: '',
    accountSid: sender.accountSid,
    channel: channel.name,
    from,
    to,
    ...(body !== undefined && { body }),
    ...(media.length > 0 && { media }),
    ...(location && { location }),
  };
  const refused = await channel.supports(message, { address: sender.address, fields: sender.fields, secrets: {} });
  if (!refused) return;
  const sentence = `${refused.reason.charAt(0).toUpperCase()}${refused.reason.slice(1)}.`;
  throw refused.what === 'media'
    ? new TwilioError(21620, `Invalid media URL(s): ${sentence}`)
    : new TwilioError(63005, sentence);
}

async function claimedSid(
  sid: string,
  accountSid: string,
  idempotency: IdempotencyClaim | undefined,
  dependencies: AcceptDependencies,
): Promise<string> {
  if (!idempotency) return sid;
  const { key, requestHash } = idempotency;
  const winner = await dependencies.idempotency.claim(accountSid, key, { sid, requestHash });
  if (winner.requestHash !== requestHash) {
    throw new TwilioError(20422, 'This idempotency key was used before with other parameters.');
  }
  return winner.sid;
}

/** Stores the message, or finds it stored by an earlier request with the same key. */
async function insertOnce(message: Message, { messages, now }: AcceptDependencies): Promise<Message> {
  if (await messages.insert(message)) return message;
  const found = await messages.get(message.accountSid, message.sid);
  if (found && found.status !== 'queued') return found;
  // Changes the message, so that the earlier request, if it is still about to fail, cannot take it back any more.
  const noted = await messages.note(message, { at: toIso(now()), event: 'repeated', by: 'api' });
  if (noted.changed) return noted.message;
  throw notAccepted();
}

async function enqueued(
  message: Message,
  deduplicationId: string,
  { messages, enqueue }: AcceptDependencies,
): Promise<Message> {
  const { accountSid, senderSid, sid } = message;
  try {
    const group = conversationGroup(senderSid, message.to);
    await enqueue({ accountSid, senderSid, messageSid: sid }, { group, deduplicationId });
    return message;
  } catch (error) {
    logger.error('the message could not be queued', { messageSid: sid, error: error as Error });
  }
  if (await messages.remove(message)) throw notAccepted();
  // The answer was lost on its way, not the task: a message that is being delivered was accepted.
  const found = await messages.get(accountSid, sid);
  if (found && found.status !== 'queued') return found;
  throw notAccepted();
}

const notAccepted = () =>
  new TwilioError(20503, 'The service is unavailable. The message was not accepted; it is safe to try again.');
