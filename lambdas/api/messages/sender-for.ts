import type { Channel } from '../../channels/types.ts';
import type { MessageRequest } from '../../domain/message-request.ts';
import { type Route, routesFor, unknownSender } from '../../domain/route.ts';
import { isOnline, type Sender } from '../../domain/sender.ts';
import { TwilioError } from '../../domain/twilio-error.ts';
import type { SenderStore } from '../../platform/stores/senders.ts';

export interface ResolveDependencies {
  senders: Pick<SenderStore, 'byAddress'>;
  channels(): Promise<Channel[]>;
}

/** The sender of a request, and the way that its message takes. Throws what Twilio says of addresses that do not fit. */
export async function senderFor(
  request: MessageRequest,
  accountSid: string,
  { channels, senders }: ResolveDependencies,
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
export async function refuseUnsupported(
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
