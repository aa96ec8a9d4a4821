import type { ChannelEvent } from '../channels/types.ts';
import { inboundCallback } from '../domain/callback.ts';
import type { Message } from '../domain/message.ts';
import { derivedSid, mediaSid } from '../domain/sid.ts';
import { toIso } from '../platform/clock.ts';
import type { ApplyDependencies, EventContext } from './apply-event.ts';

type MessageEvent = Extract<ChannelEvent, { type: 'message' }>;

/**
 * Receives a contact's message: opens the window, stores the message and its media, tells the customer. The SID is derived from the
 * channel's id, so a webhook that comes twice finds its message and stores no second one.
 */
export async function receiveMessage(
  event: MessageEvent,
  context: EventContext,
  { messages, messageIds, windows, announce, fetchMedia, now }: ApplyDependencies,
): Promise<void> {
  const { sender, channel } = context;
  const message = toMessage(event, context, toIso(now()));
  if (event.opensWindow !== false) await windows.open(sender.sid, event.from, Date.parse(event.timestamp));
  if (message.media.length > 0) {
    // A channel waits seconds for the answer to its webhook; a large file may take longer.
    if (!fetchMedia) throw new Error('A message with media is applied from the queue.');
    await fetchMedia(message, context);
  }
  await messages.insert(message);
  const repliedTo = event.replyTo === undefined ? undefined : await messageIds.find(sender.sid, event.replyTo);
  const task = inboundCallback(message, event, sender, channel.address, {
    mediaUrls: message.media.map((_, index) => mediaUrl(context.gatewayUrl, message, index)),
    ...(repliedTo && { repliedTo: { sid: repliedTo } }),
  });
  if (task) await announce(task);
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
