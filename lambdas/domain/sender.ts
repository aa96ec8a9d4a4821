import * as z from 'zod';

/** Twilio's sender statuses. */
export const SENDER_STATUSES = ['CREATING', 'ONLINE', 'OFFLINE'] as const;

const webhookMethodSchema = z.enum(['GET', 'POST', 'PUT']);

/** Where a customer is told of inbound messages (`callback…`, `fallback…`) and statuses. */
export const senderWebhookSchema = z.object({
  callbackUrl: z.string().optional(),
  callbackMethod: webhookMethodSchema.default('POST'),
  fallbackUrl: z.string().optional(),
  fallbackMethod: webhookMethodSchema.default('POST'),
  statusCallbackUrl: z.string().optional(),
});
export type SenderWebhook = z.infer<typeof senderWebhookSchema>;

/**
 * An address that can send on a channel. Its secrets live in Secrets Manager under `secretId`, never here.
 */
export const senderSchema = z.object({
  sid: z.string(),
  accountSid: z.string(),
  /** The channel spec's name, also the scheme of its addresses unless the spec says otherwise. */
  channel: z.string(),
  /** Without scheme: `15550001111`. */
  address: z.string(),
  status: z.enum(SENDER_STATUSES),
  /** What the spec's `registration.fields` ask for: a device's URL, a phone number id … */
  fields: z.record(z.string(), z.string()).default({}),
  secretId: z.string(),
  /** SHA-256 (hex) of the secret in this sender's webhook path. */
  webhookSecretHash: z.string(),
  webhook: senderWebhookSchema,
  profileName: z.string().optional(),
  dateCreated: z.string(),
  dateUpdated: z.string(),
});
export type Sender = z.infer<typeof senderSchema>;

/** A sender's secret, one JSON document in Secrets Manager. */
export const senderSecretSchema = z.object({
  /** What the spec's `registration.secrets` ask for: passwords, API keys … */
  secrets: z.record(z.string(), z.string()).default({}),
  /** In the webhook path the channel calls; only its hash is in the table. */
  webhookSecret: z.string(),
  /** The session that the spec's `auth` obtained last; `expiresAt` is ISO 8601 UTC. */
  session: z.object({ token: z.string(), expiresAt: z.string() }).optional(),
});
export type SenderSecret = z.infer<typeof senderSecretSchema>;
