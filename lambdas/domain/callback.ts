import { createHash } from 'node:crypto';
import type { ChannelEvent } from '../channels/types.ts';
import type { Message } from './message.ts';
import type { Sender } from './sender.ts';
import type { CallbackTask } from './tasks.ts';

type InboundEvent = Extract<ChannelEvent, { type: 'message' }>;

/** How a channel writes its addresses in Twilio's API: the part of `Channel` that callbacks need. */
export interface AddressFormat {
  scheme: string;
  format(address: string): string;
}

/** The callback for a message's present status; undefined when nobody asked for one. Keys as Twilio sends them. */
export function statusCallback(
  message: Message,
  sender: Pick<Sender, 'sid' | 'webhook'>,
  address: AddressFormat,
): CallbackTask | undefined {
  const url = message.statusCallback ?? sender.webhook.statusCallbackUrl;
  if (!url) return undefined;
  const to = address.format(message.to);
  const prefix = address.scheme.replace(/:$/, '');
  const params: Record<string, string> = {
    SmsSid: message.sid,
    SmsStatus: message.status,
    MessageStatus: message.status,
    To: to,
    MessageSid: message.sid,
    AccountSid: message.accountSid,
    From: address.format(message.from),
    ApiVersion: '2010-04-01',
  };
  if (prefix) {
    params['ChannelPrefix'] = prefix;
    params['ChannelInstallSid'] = sender.sid;
    params['ChannelToAddress'] = to.slice(address.scheme.length).replace(/.{4}$/, 'XXXX');
    params['StructuredMessage'] = 'false';
    if (message.status === 'read') params['EventType'] = 'READ';
  } else if (message.status === 'delivered' || message.status === 'undelivered') {
    // Texts only, and to the minute: YYMMDDhhmm.
    params['RawDlrDoneDate'] = message.dateUpdated.replace(/\D/g, '').slice(2, 12);
  }
  if (message.errorCode !== undefined) {
    params['ErrorCode'] = String(message.errorCode);
    if (message.errorMessage) params['ErrorMessage'] = message.errorMessage;
    if (prefix && message.errorMessage) params['ChannelStatusMessage'] = message.errorMessage;
  }
  return {
    kind: 'status',
    accountSid: message.accountSid,
    messageSid: message.sid,
    url,
    method: 'POST',
    params,
    idempotencyToken: idempotencyToken(message.sid, message.status),
  };
}

/** Statuses that others may follow, in their order. */
const PASSING = ['sent', 'delivered'] as const;

const RANKS = ['sent', 'delivered', 'read', 'undelivered', 'failed'];
const isLater = (event: string, than: string): boolean => RANKS.indexOf(event) > RANKS.indexOf(than);

/** Longer than any function takes from a status that it wrote to the callback that it queued. */
const UNDER_WAY_MS = 60_000;

/**
 * The callbacks for a status that a message has come to, in order: before its own those of earlier statuses that are so young that
 * who wrote them may not have queued them yet. Queued twice, they go out once; queued late, they would go out too late.
 * @param now ms since the epoch
 */
export function statusCallbacks(
  message: Message,
  sender: Pick<Sender, 'sid' | 'webhook'>,
  address: AddressFormat,
  now: number,
): CallbackTask[] {
  const { errorCode, errorMessage, ...withoutError } = message;
  const rank = (PASSING as readonly string[]).indexOf(message.status);
  const young = PASSING.slice(0, rank === -1 ? undefined : rank).flatMap((status) => {
    const place = message.timeline.findIndex(({ event }) => event === status);
    const entry = message.timeline[place];
    const isYoung = entry !== undefined && Date.parse(entry.at) > now - UNDER_WAY_MS;
    // A status that was known only after a later one is not told any more.
    const isLate = message.timeline.slice(0, Math.max(0, place)).some(({ event }) => isLater(event, status));
    return isYoung && !isLate ? [{ ...withoutError, status, dateUpdated: entry.at }] : [];
  });
  return [...young, message].flatMap((reached) => statusCallback(reached, sender, address) ?? []);
}

/** The webhook for an inbound message; undefined when the sender has none. Keys as Twilio sends them. */
export function inboundCallback(
  message: Message,
  event: InboundEvent,
  sender: Sender,
  address: AddressFormat,
  context: { mediaUrls: string[]; repliedTo?: { sid: string } },
): CallbackTask | undefined {
  const { callbackUrl, callbackMethod, fallbackUrl, fallbackMethod } = sender.webhook;
  if (!callbackUrl) return undefined;
  return {
    kind: 'inbound',
    accountSid: message.accountSid,
    messageSid: message.sid,
    url: callbackUrl,
    method: callbackMethod,
    ...(fallbackUrl && { fallbackUrl, fallbackMethod }),
    params: {
      ...basics(message, address),
      ...media(message, context.mediaUrls),
      ...channelIdentity(message, event, address),
      ...place(message),
      ...button(event),
      ...reply(event, sender, address, context.repliedTo),
      ...referral(event),
    },
    idempotencyToken: idempotencyToken(message.sid, 'received'),
  };
}

function basics(message: Message, address: AddressFormat): Record<string, string> {
  return {
    SmsMessageSid: message.sid,
    SmsSid: message.sid,
    MessageSid: message.sid,
    AccountSid: message.accountSid,
    From: address.format(message.from),
    To: address.format(message.to),
    Body: message.body ?? '',
    NumMedia: String(message.media.length),
    NumSegments: '1',
    SmsStatus: 'received',
    ApiVersion: '2010-04-01',
  };
}

function media(message: Message, urls: string[]): Record<string, string> {
  return Object.fromEntries(
    message.media.flatMap((item, index) => [
      [`MediaUrl${index}`, urls[index] ?? ''],
      [`MediaContentType${index}`, item.contentType ?? 'application/octet-stream'],
    ]),
  );
}

function channelIdentity(message: Message, event: InboundEvent, address: AddressFormat): Record<string, string> {
  if (!address.scheme) return {};
  const context = {
    ...(event.profileName && { ProfileName: event.profileName }),
    WaId: message.from,
    Forwarded: String(event.forwarded ?? false),
  };
  return {
    ...context,
    MessageType: event.kind ?? 'text',
    ChannelMetadata: JSON.stringify({ type: address.scheme.replace(/:$/, ''), data: { context } }),
    ReferralNumMedia: '0',
  };
}

function place(message: Message): Record<string, string> {
  if (!message.location) return {};
  const { latitude, longitude, label, address } = message.location;
  return {
    Latitude: String(latitude),
    Longitude: String(longitude),
    ...(label && { Label: label }),
    ...(address && { Address: address }),
  };
}

function button(event: InboundEvent): Record<string, string> {
  if (!event.button) return {};
  return {
    ButtonText: event.button.text,
    ...(event.button.payload && { ButtonPayload: event.button.payload }),
    ButtonType: 'REPLY',
  };
}

function reply(
  event: InboundEvent,
  sender: Sender,
  address: AddressFormat,
  repliedTo: { sid: string } | undefined,
): Record<string, string> {
  if (!event.replyTo || !repliedTo) return {};
  return {
    OriginalRepliedMessageSid: repliedTo.sid,
    OriginalRepliedMessageSender: address.format(sender.address),
  };
}

/** Twilio's names for what an ad referral holds. */
const REFERRAL_NAMES = {
  body: 'ReferralBody',
  headline: 'ReferralHeadline',
  source_id: 'ReferralSourceId',
  source_type: 'ReferralSourceType',
  source_url: 'ReferralSourceUrl',
} as const;

function referral(event: InboundEvent): Record<string, string> {
  return Object.fromEntries(
    Object.entries(REFERRAL_NAMES).flatMap(([key, name]) => {
      const value = event.referral?.[key];
      return typeof value === 'string' ? [[name, value]] : [];
    }),
  );
}

/** The same for every retry of one callback, so that a customer can tell a repeat. */
function idempotencyToken(messageSid: string, status: string): string {
  const hex = createHash('sha256').update(`${messageSid}/${status}`).digest('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join('-');
}
