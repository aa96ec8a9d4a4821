import { Buffer } from 'node:buffer';
import type { ChannelEvent } from '../channels/types.ts';
import { bytesOf, hostOf } from './dead-letter.ts';
import { type Shape, shapeOf, shapeOfText } from './payload-shape.ts';
import { MESSAGE_STATUSES } from './status.ts';
import {
  callbackTaskSchema,
  type DeadLetter,
  inboundTaskSchema,
  outboundTaskSchema,
  webhookTaskSchema,
} from './tasks.ts';

/** What may be told of a payload. Keys as the API shows them. */
export type PayloadFacts = Record<string, Shape | number | boolean | null>;

/**
 * What is useful to know of a letter's payload and harms nobody: types, sizes, times, hosts; never text, tokens, or more of an
 * address than its end. What is shown is listed here one by one: whatever else a payload has is left out.
 */
export function describePayload({ kind, payload }: Pick<DeadLetter, 'kind' | 'payload'>): PayloadFacts {
  return { bytes: bytesOf(payload), ...(DESCRIBE[kind](payload) ?? unreadable(payload)) };
}

const DESCRIBE: Record<DeadLetter['kind'], (payload: unknown) => PayloadFacts | undefined> = {
  outbound(payload) {
    const task = outboundTaskSchema.safeParse(payload).data;
    if (!task) return undefined;
    return {
      type: 'message',
      is_reply: task.reply ?? false,
      ...(task.validUntil !== undefined && { valid_until: new Date(task.validUntil).toISOString() }),
    };
  },

  event(payload) {
    const task = inboundTaskSchema.safeParse(payload).data;
    if (!task) return undefined;
    return { ...eventFacts(task.event), ...time('received_at', task.receivedAt) };
  },

  callback(payload) {
    const task = callbackTaskSchema.safeParse(payload).data;
    if (!task) return undefined;
    const { params } = task;
    const status = MESSAGE_STATUSES.find((known) => known === (params['MessageStatus'] ?? params['SmsStatus']));
    return {
      type: task.kind === 'status' ? 'status callback' : 'webhook for an inbound message',
      method: task.method,
      host: hostOf(task.url) ?? null,
      fallback_host: (task.fallbackUrl && hostOf(task.fallbackUrl)) ?? null,
      ...(status && { status }),
      ...(/^\d{5}$/.test(params['ErrorCode'] ?? '') && { error_code: Number(params['ErrorCode']) }),
      parameters: shapeOf(params),
    };
  },

  webhook(payload) {
    const webhook = webhookTaskSchema.safeParse(payload).data;
    if (!webhook) return undefined;
    const body = Buffer.from(webhook.body, 'base64').toString('utf8');
    return {
      type: 'webhook',
      method: webhook.method,
      content_type: /^[a-z]+\/[a-z0-9.+-]{1,40}(?=\s*(;|$))/i.exec(webhook.contentType)?.[0] ?? null,
      body: shapeOfText(body),
      ...time('received_at', webhook.receivedAt),
    };
  },
};

function eventFacts(event: ChannelEvent): PayloadFacts {
  const channel = /^[a-z][a-z0-9-]{0,39}$/.test(event.channel) ? event.channel : null;
  const common = { type: `${event.type} event`, channel };
  switch (event.type) {
    case 'message':
      return {
        ...common,
        from: maskedEnd(event.from),
        to: maskedEnd(event.to),
        ...time('timestamp', event.timestamp),
        text_length: event.text?.length ?? 0,
        media: event.media?.length ?? 0,
        is_reply: event.replyTo !== undefined,
      };
    case 'status':
      return {
        ...common,
        status: event.status,
        ...time('timestamp', event.timestamp),
        to: maskedEnd(event.to),
        error_code: event.error?.twilioCode ?? null,
      };
    case 'deletion':
      return { ...common, from: maskedEnd(event.from), to: maskedEnd(event.to) };
    case 'account':
      return { ...common, detail: shapeOf(event.detail) };
  }
}

/** What is no task may be anything, of which only the shape is told. */
function unreadable(payload: unknown): PayloadFacts {
  return { type: 'unreadable', shape: typeof payload === 'string' ? shapeOfText(payload) : shapeOf(payload) };
}

/** The last two characters of an address: enough to tell two contacts apart. */
const maskedEnd = (address: string | undefined): string | null =>
  address === undefined || address.length < 6 ? null : `…${address.slice(-2)}`;

function time(key: string, text: string): Record<string, string> {
  const at = Date.parse(text);
  return Number.isNaN(at) ? {} : { [key]: new Date(at).toISOString() };
}
