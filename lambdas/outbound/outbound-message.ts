import type { OutboundMessage } from '../channels/types.ts';
import type { Message } from '../domain/message.ts';

/** A stored message as channels render it. */
export function toOutbound(message: Message): OutboundMessage {
  const { sid, accountSid, channel, from, to, body, media, location, replyTo } = message;
  return {
    sid,
    accountSid,
    channel,
    from,
    to,
    ...(body !== undefined && { body }),
    ...(media.length > 0 && {
      media: media.flatMap(({ url, contentType, filename }) => (url ? [{ url, contentType, filename }] : [])),
    }),
    ...(location && { location }),
    ...(replyTo && { replyTo }),
  };
}
