import { createHash } from 'node:crypto';
import * as z from 'zod';
import { channelEventSchema } from '../channels/types.ts';

/** `outbound.fifo`: one message to deliver. It names the message only, so the queue holds no text and no numbers. */
export const outboundTaskSchema = z.object({
  accountSid: z.string(),
  senderSid: z.string(),
  messageSid: z.string(),
  /** True for an answer in an open conversation: its sender's campaigns let it pass. */
  reply: z.boolean().optional(),
  /** True for one that waited in its sender's backlog: it is counted as long as it is in the queue. */
  released: z.boolean().optional(),
  /** When its turn comes at its sender's rate, ms since the epoch; absent: now. */
  dueAt: z.number().optional(),
  /** After this the message is not sent any more, ms since the epoch. */
  validUntil: z.number().optional(),
});
export type OutboundTask = z.infer<typeof outboundTaskSchema>;

/** `inbound.fifo`: a channel event that could not be applied at once. */
export const inboundTaskSchema = z.object({
  accountSid: z.string(),
  senderSid: z.string(),
  event: channelEventSchema,
  /** Where the gateway is reached; links in callbacks point there. */
  gatewayUrl: z.string(),
  /** When the webhook came, ISO 8601; an event whose message stays unknown is given up on by age. */
  receivedAt: z.string(),
});
export type InboundTask = z.infer<typeof inboundTaskSchema>;

/** `inbound.fifo`: a webhook that could not be read when it came, to be read once more. Its signature was right. */
export const webhookTaskSchema = z.object({
  accountSid: z.string(),
  senderSid: z.string(),
  method: z.enum(['GET', 'POST']),
  contentType: z.string(),
  /** In base64. */
  body: z.string(),
  gatewayUrl: z.string(),
  receivedAt: z.string(),
});
export type WebhookTask = z.infer<typeof webhookTaskSchema>;

/** `callbacks.fifo`: one request to a customer, signed when it is sent. */
export const callbackTaskSchema = z.object({
  kind: z.enum(['status', 'inbound']),
  accountSid: z.string(),
  messageSid: z.string(),
  url: z.string(),
  method: z.enum(['GET', 'POST', 'PUT']),
  fallbackUrl: z.string().optional(),
  fallbackMethod: z.enum(['GET', 'POST', 'PUT']).optional(),
  /** Form parameters with Twilio's names. */
  params: z.record(z.string(), z.string()),
  /** Sent as `I-Twilio-Idempotency-Token`; the same on every retry of this callback. */
  idempotencyToken: z.string(),
});
export type CallbackTask = z.infer<typeof callbackTaskSchema>;

/**
 * What gave up, and why: kept in the table until somebody redrives or drops it. `payload` is the task; of an entry that is no task,
 * its body.
 */
export const deadLetterSchema = z.object({
  /** `webhook`: one that could not be read. */
  kind: z.enum(['outbound', 'event', 'webhook', 'callback']),
  reason: z.string(),
  at: z.string(),
  /** Empty where nobody knows whose it is. */
  accountSid: z.string(),
  senderSid: z.string().optional(),
  messageSid: z.string().optional(),
  payload: z.unknown(),
});
export type DeadLetter = z.infer<typeof deadLetterSchema>;

/**
 * The FIFO group of everything between one sender and one contact: order is kept inside it, and trouble stays inside it.
 * Hashed, because SQS keeps group ids in clear text and a contact is a phone number.
 */
export function conversationGroup(senderSid: string, contact: string): string {
  return createHash('sha256').update(`${senderSid}\u0000${contact}`).digest('hex').slice(0, 40);
}
