import type { ChannelEvent } from '../channels/types.ts';
import { inboundCallback } from '../domain/callback.ts';
import { isTakenBack, type Message } from '../domain/message.ts';
import { derivedSid, mediaSid } from '../domain/sid.ts';
import { toIso } from '../platform/clock.ts';
import type { ApplyDependencies, EventContext } from './apply-event.ts';
import { claimKey, needsClaim, receivedId, TAKEN_BACK } from './received-ids.ts';

type MessageEvent = Extract<ChannelEvent, { type: 'message' }>;

/**
 * Receives a contact's message: opens the window, stores the message and its media, tells the customer. The SID is derived from the
 * channel's id and time, so a webhook that comes twice finds its message and stores no second one.
 */
export async function receiveMessage(
  event: MessageEvent,
  context: EventContext,
  dependencies: ApplyDependencies,
): Promise<void> {
  const { messages, messageIds, windows, announce, fetchMedia, now } = dependencies;
  const { sender, channel } = context;
  if (event.opensWindow !== false) await windows.open(sender.sid, event.from, Date.parse(event.timestamp));
  const message = await identified(toMessage(event, context, toIso(now())), event, context, dependencies);
  if (!message) return;
  if (message.media.length > 0) {
    // A channel waits seconds for the answer to its webhook; a large file may take longer.
    if (!fetchMedia) throw new Error('A message with media is applied from the queue.');
    // Once it is stored its files are there, or its customer has had them removed: a repetition must not bring them back.
    if (!(await isKnown(message, dependencies))) await fetchMedia(message, context);
  }
  await messages.insert(message);
  const repliedTo = event.replyTo === undefined ? undefined : await messageIds.find(sender.sid, event.replyTo);
  const task = inboundCallback(message, event, sender, channel.address, {
    mediaUrls: message.media.map((_, index) => mediaUrl(context.gatewayUrl, message, index)),
    ...(repliedTo && { repliedTo: { sid: repliedTo.messageSid } }),
  });
  if (task) await announce(task);
}

async function isKnown({ accountSid, sid }: Message, { messages }: ApplyDependencies): Promise<boolean> {
  return (await messages.get(accountSid, sid)) !== undefined || (await messages.wasDeleted(accountSid, sid));
}

/** The message with the SID that it has for good; undefined for one that was taken back meanwhile. */
async function identified(
  message: Message,
  event: MessageEvent,
  context: EventContext,
  { messages, messageIds, claims, now }: ApplyDependencies,
): Promise<Message | undefined> {
  if (!needsClaim(event, context)) return message;
  const { accountSid, senderSid } = message;
  const { sid } = await claims.claim(accountSid, claimKey(context, event.id), { sid: message.sid, requestHash: '' });
  if (sid === TAKEN_BACK) return undefined;
  if (context.channel.hasDeletions) {
    // A webhook that is repeated must not bring back what is gone.
    const stored = await messages.get(accountSid, sid);
    if (stored && isTakenBack(stored)) return undefined;
    await messageIds.remember(senderSid, receivedId(event.id), sid, now());
  }
  return { ...message, sid };
}

function toMessage(event: MessageEvent, { sender }: EventContext, at: string): Message {
  const receivedAt = Date.parse(event.timestamp);
  const media = event.media ?? [];
  return {
    sid: derivedSid(media.length > 0 ? 'MM' : 'SM', receivedAt, sender.sid, event.id),
    accountSid: sender.accountSid,
    senderSid: sender.sid,
    channel: sender.channel,
    direction: 'inbound',
    from: event.from,
    to: sender.address,
    body: bodyOf(event),
    media,
    ...(event.location && { location: event.location }),
    ...(event.replyTo && { replyTo: event.replyTo }),
    status: 'received',
    dateCreated: at,
    dateUpdated: at,
    dateSent: toIso(receivedAt),
    attempt: 0,
    channelMessageIds: [event.id],
    timeline: [{ at, event: 'received', by: 'channel' }],
  };
}

/** What Twilio puts in `Body`: the text, the tapped button's text, a document's name, the emoji of a reaction. */
function bodyOf(event: MessageEvent): string {
  return event.text ?? event.button?.text ?? event.media?.[0]?.filename ?? event.reaction?.emoji ?? '';
}

function mediaUrl(gatewayUrl: string, { accountSid, sid }: Message, index: number): string {
  return `${gatewayUrl}/2010-04-01/Accounts/${accountSid}/Messages/${sid}/Media/${mediaSid(sid, index)}`;
}
