import { createHash } from 'node:crypto';
import * as z from 'zod';
import { channelEventSchema } from '../channels/types.ts';

/** `outbound.fifo`: one message to deliver. It names the message only, so the queue holds no text and no numbers. */
export const outboundTaskSchema = z.object({ accountSid: z.string(), senderSid: z.string(), messageSid: z.string() });
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
 * A dead letter in a DLQ: what gave up and why. `payload` is the task or, for a webhook that could not be read,
 * the request as it came (base64).
 */
export const deadLetterSchema = z.object({
  kind: z.enum(['outbound', 'event', 'callback']),
  reason: z.string(),
  at: z.string(),
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
