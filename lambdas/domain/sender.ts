import * as z from 'zod';
import { workflowSchema } from './registration.ts';

/**
 * Twilio's sender statuses, and one more. `TWILIO_REVIEW` is the channel's review of the display name. A sender that is
 * `DELETING` is never shown: it only keeps its address until what belongs to it is gone.
 */
export const SENDER_STATUSES = [
  'CREATING',
  'PENDING_VERIFICATION',
  'VERIFYING',
  'TWILIO_REVIEW',
  'ONLINE',
  'ONLINE:UPDATING',
  'OFFLINE',
  'DELETING',
] as const;
export type SenderStatus = (typeof SENDER_STATUSES)[number];

/** While its number is being registered. */
export const REGISTERING: readonly SenderStatus[] = ['CREATING', 'PENDING_VERIFICATION', 'VERIFYING', 'TWILIO_REVIEW'];

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

/** What a contact sees of a business, beside its name. */
export const senderProfileSchema = z.object({
  about: z.string().optional(),
  address: z.string().optional(),
  description: z.string().optional(),
  vertical: z.string().optional(),
  logoUrl: z.string().optional(),
  emails: z.array(z.object({ email: z.string(), label: z.string().optional() })).optional(),
  websites: z.array(z.object({ website: z.string(), label: z.string().optional() })).optional(),
});
export type SenderProfile = z.infer<typeof senderProfileSchema>;

/** Why a sender is not online, or not as it should be. */
export const offlineReasonSchema = z.object({ code: z.string(), message: z.string(), moreInfo: z.string() });
export type OfflineReason = z.infer<typeof offlineReasonSchema>;

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
  /** How the gateway registers it; absent where it is only given credentials. */
  workflow: workflowSchema.optional(),
  /** What the spec's `registration.fields` ask for (a device's URL, a phone number id …), and its workflow's. */
  fields: z.record(z.string(), z.string()).default({}),
  secretId: z.string(),
  /** SHA-256 (hex) of the secret in this sender's webhook path. */
  webhookSecretHash: z.string(),
  webhook: senderWebhookSchema,
  /** The display name. */
  profileName: z.string().optional(),
  profile: senderProfileSchema.optional(),
  offlineReasons: z.array(offlineReasonSchema).optional(),
  /** How fast it may send, where its provider allows it another rate than the channel's spec says. */
  rate: z.object({ perSecond: z.number().positive(), burst: z.int().positive() }).optional(),
  dateCreated: z.string(),
  dateUpdated: z.string(),
});
export type Sender = z.infer<typeof senderSchema>;

/** Whether messages may be sent from it: also while its containers or its profile are being changed. */
export const isOnline = ({ status }: Pick<Sender, 'status'>): boolean =>
  status === 'ONLINE' || status === 'ONLINE:UPDATING';

/**
 * A sender's secret, one JSON document in Secrets Manager. It is flat, because containers are given single keys of it.
 */
export const senderSecretSchema = z.object({
  /** What the spec's `registration.secrets` ask for (passwords, API keys …), and its workflow's, apart from the PIN. */
  secrets: z.record(z.string(), z.string()).default({}),
  /** In the webhook path the channel calls; only its hash is in the table. */
  webhookSecret: z.string(),
  /** The session that the spec's `auth` obtained last; `expiresAt` is ISO 8601 UTC. */
  session: z.object({ token: z.string(), expiresAt: z.string(), insisted: z.boolean().optional() }).optional(),
  /** A number's two-step PIN, six digits: the customer's, or a generated one. */
  pin: z.string().optional(),
  /** A number's verified-name certificate, base64. */
  certificate: z.string().optional(),
  /** Of a device's containers: their database user's password, the key that signs login tokens, the key for health calls. */
  databasePassword: z.string().optional(),
  jwtKey: z.string().optional(),
  apiKey: z.string().optional(),
});
export type SenderSecret = z.infer<typeof senderSecretSchema>;
