import type { Message } from './message.ts';
import type { MessageRequest } from './message-request.ts';
import type { Route } from './route.ts';
import { newSid, sidTime } from './sid.ts';

/** A SID for the message of a request: `MM…` when it has media, as on Twilio. */
export function sidFor(request: MessageRequest, at: number): string {
  return newSid(request.media.length > 0 ? 'MM' : 'SM', at);
}

/**
 * The message that a request becomes, as it is first stored. Its dates come from the SID, so a request that is repeated
 * with the SID it was promised becomes the same message; its validity counts from `now`, when it is really accepted, or
 * from when it is to be sent.
 * @param validityPeriod seconds
 */
export function newMessage(
  request: MessageRequest,
  context: { sid: string; accountSid: string; senderSid: string; route: Route; validityPeriod: number; now: number },
): Message {
  const { sendAt } = request;
  const status = sendAt === undefined ? 'queued' : 'scheduled';
  const created = new Date(sidTime(context.sid)).toISOString();
  return {
    sid: context.sid,
    accountSid: context.accountSid,
    senderSid: context.senderSid,
    channel: context.route.channel,
    direction: request.isReply ? 'outbound-reply' : 'outbound-api',
    from: context.route.from,
    to: context.route.to,
    ...(request.body !== undefined && { body: request.body }),
    media: request.media,
    ...(request.location && { location: request.location }),
    status,
    ...(request.statusCallback !== undefined && { statusCallback: request.statusCallback }),
    dateCreated: created,
    dateUpdated: created,
    ...(sendAt !== undefined && { sendAt: new Date(sendAt).toISOString() }),
    validUntil: new Date((sendAt ?? context.now) + context.validityPeriod * 1_000).toISOString(),
    attempt: 0,
    channelMessageIds: [],
    timeline: [{ at: created, event: status, by: 'api' }],
  };
}
