import type { Message } from './message.ts';
import { mediaSid } from './sid.ts';
import { toRfc2822 } from './twilio-date.ts';

export const API_VERSION = '2010-04-01';

/** The path of a message's resource, without extension. */
export const messagePath = (message: { accountSid: string; sid: string }): string =>
  `/${API_VERSION}/Accounts/${message.accountSid}/Messages/${message.sid}`;

/**
 * A message as Twilio's API shows it: every key always present, since the SDKs take a missing date for now;
 * `num_media` and `num_segments` are strings.
 * @param format the channel's spelling of an address with scheme: `15551234567` → `whatsapp:+15551234567`
 */
export function toTwilioMessage(message: Message, format: (address: string) => string) {
  const path = messagePath(message);
  return {
    account_sid: message.accountSid,
    api_version: API_VERSION,
    // The body of a `POST` with a location is the place's name, and kept as such.
    body: message.body ?? (message.direction === 'inbound' ? '' : (message.location?.label ?? '')),
    date_created: toRfc2822(message.dateCreated),
    date_sent: message.dateSent === undefined ? null : toRfc2822(message.dateSent),
    date_updated: toRfc2822(message.dateUpdated),
    direction: message.direction,
    error_code: message.errorCode ?? null,
    error_message: message.errorMessage ?? null,
    from: format(message.from),
    messaging_service_sid: null,
    num_media: String(message.media.length),
    // Only SMS is counted in segments; every other channel's message is one.
    num_segments: '1',
    price: null,
    price_unit: null,
    sid: message.sid,
    status: message.status,
    subresource_uris: { media: `${path}/Media.json` },
    to: format(message.to),
    uri: `${path}.json`,
  };
}
export type TwilioMessage = ReturnType<typeof toTwilioMessage>;

/** What happened to a message, in order: an addition of ours to Twilio's API. */
export function toTimeline(message: Message) {
  return { account_sid: message.accountSid, message_sid: message.sid, timeline: message.timeline };
}

/** A message's media as Twilio's API lists them. Their SIDs are derived, so they need no storage of their own. */
export function toTwilioMedia(message: Message) {
  return message.media.map((item, index) => {
    const sid = mediaSid(message.sid, index);
    return {
      account_sid: message.accountSid,
      content_type: item.contentType ?? 'application/octet-stream',
      date_created: toRfc2822(message.dateCreated),
      date_updated: toRfc2822(message.dateCreated),
      parent_sid: message.sid,
      sid,
      uri: `${messagePath(message)}/Media/${sid}.json`,
    };
  });
}
