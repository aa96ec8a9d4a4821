import type { EventDraft } from './events.ts';
import type { AddressKind } from './primitives/addresses.ts';
import { type StatusesSpec, statusOf } from './primitives/statuses.ts';
import { isoTime } from './primitives/timestamp.ts';
import { type ChannelEvent, channelEventSchema } from './types.ts';

/** A payload that does not hold what the spec says; the message names keys and never values. */
export class MalformedPayloadError extends Error {}

export interface NormaliserParts {
  channel: string;
  address: AddressKind;
  statuses: StatusesSpec;
  /** Twilio's code for the provider's code of a failure. */
  twilioCode(code: string): number;
}

/**
 * A draft as a channel event: ids are texts, times ISO 8601, addresses as the engine writes them, statuses ours. A status
 * that the spec has no word for becomes an account event: providers add some, and that must not stop the rest.
 * @param receivedAt the time of a message that says none, ms since the epoch
 * @throws MalformedPayloadError when something that every such event has is missing
 */
export function normaliseEvent(
  draft: EventDraft,
  senderAddress: string,
  parts: NormaliserParts,
  receivedAt: number,
): ChannelEvent {
  const { channel } = parts;
  const { id, from, to, timestamp } = draft.values;
  switch (draft.type) {
    case 'message':
      return checked({
        ...messageValues(draft, parts),
        ...(timestamp === undefined && { timestamp: isoTime(receivedAt), undated: true }),
        to: address(to, parts) ?? senderAddress,
        type: 'message',
        channel,
      });
    case 'deletion':
      return checked({
        id: asText(id),
        from: address(from, parts),
        to: address(to, parts) ?? senderAddress,
        type: 'deletion',
        channel,
      });
    case 'status':
      return checked(statusEvent(draft, parts));
    case 'account':
      return checked({ detail: null, ...draft.values, type: 'account', channel });
  }
}

function messageValues({ values, source }: EventDraft, parts: NormaliserParts): Record<string, unknown> {
  const { contacts, replyTo, forwarded, text, media, opensWindow } = values;
  return {
    ...values,
    id: asText(values['id']),
    from: address(values['from'], parts),
    timestamp: isoTime(values['timestamp']),
    ...(text !== undefined && { text: asText(text) }),
    ...(replyTo !== undefined && { replyTo: asText(replyTo) }),
    ...(contacts !== undefined && { contacts: Array.isArray(contacts) ? contacts : [contacts] }),
    ...(forwarded !== undefined && { forwarded: Boolean(forwarded) }),
    ...(opensWindow !== undefined && { opensWindow: Boolean(opensWindow) }),
    ...(media !== undefined && { media: fetchable(media) }),
    raw: source,
  };
}

/** The media items that can be fetched; what a device has not downloaded has neither id nor URL. */
function fetchable(media: unknown): unknown[] | undefined {
  const items = (Array.isArray(media) ? media : [media]).filter(
    (item) => item?.id !== undefined || item?.url !== undefined,
  );
  return items.length === 0
    ? undefined
    : items.map((item) => (item.id === undefined ? item : { ...item, id: asText(item.id) }));
}

function statusEvent({ values, source }: EventDraft, parts: NormaliserParts): Record<string, unknown> {
  const { channel, statuses } = parts;
  const word = asText(values['status']);
  if (word === undefined) throw new MalformedPayloadError('a status event has no status');
  const status = statusOf(statuses, word);
  if (status === undefined) return { type: 'account', channel, name: `status ${word}`, detail: source };
  const error = values['error'] as { code?: unknown; title?: unknown } | undefined;
  const code = asText(error?.code);
  return {
    ...values,
    type: 'status',
    channel,
    ...(values['id'] !== undefined && { id: asText(values['id']) }),
    ...(values['to'] !== undefined && { to: address(values['to'], parts) }),
    ...(values['from'] !== undefined && { from: address(values['from'], parts) }),
    ...(values['before'] !== undefined && { before: isoTime(values['before']) }),
    timestamp: isoTime(values['timestamp']),
    status,
    ...(values['foreign'] !== undefined && { foreign: Boolean(values['foreign']) }),
    error: code === undefined ? undefined : { code, title: asText(error?.title), twilioCode: parts.twilioCode(code) },
  };
}

function address(value: unknown, parts: NormaliserParts): string | undefined {
  const text = asText(value);
  return text === undefined ? undefined : parts.address.normalise(text);
}

/** Ids may come as numbers; an object where a text belongs is nothing that can be used. */
function asText(value: unknown): string | undefined {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
    ? String(value)
    : undefined;
}

function checked(event: Record<string, unknown>): ChannelEvent {
  const result = channelEventSchema.safeParse(event);
  if (result.success) return result.data;
  const keys = [...new Set(result.error.issues.map((issue) => issue.path.join('.')))];
  const what = event['type'] === 'account' ? 'an account' : `a ${event['type']}`;
  throw new MalformedPayloadError(`${what} event lacks or has no valid ${keys.join(', ')}`);
}
