import * as z from 'zod';
import { MESSAGE_STATUSES } from './status.ts';

/** One thing that happened to a message. `at` is ISO 8601 UTC with milliseconds. */
export const timelineEntrySchema = z.object({
  at: z.string(),
  /** A status, or what happened between two: `retry`, `in-doubt`, `callback`. */
  event: z.string(),
  /** The stage that wrote it. */
  by: z.enum(['api', 'deliver', 'channel', 'notify', 'sweep']),
  /** Facts for support: provider code, HTTP status, attempt … Never text, tokens or full numbers. */
  detail: z.record(z.string(), z.union([z.string(), z.number()])).optional(),
});
export type TimelineEntry = z.infer<typeof timelineEntrySchema>;

const mediaItemSchema = z.object({
  /** Outbound: where the channel fetches it. Inbound: absent until fetched; `id` is the channel's. */
  url: z.string().optional(),
  id: z.string().optional(),
  contentType: z.string().optional(),
  filename: z.string().optional(),
});

const locationSchema = z.object({
  latitude: z.number(),
  longitude: z.number(),
  label: z.string().optional(),
  address: z.string().optional(),
});

/**
 * A message as it is stored: outbound or inbound, with its timeline.
 * Addresses carry no scheme (`15550001111`, not `whatsapp:+15550001111`); dates are ISO 8601 UTC.
 */
export const messageSchema = z.object({
  sid: z.string(),
  accountSid: z.string(),
  senderSid: z.string(),
  channel: z.string(),
  direction: z.enum(['outbound-api', 'outbound-reply', 'inbound']),
  from: z.string(),
  to: z.string(),
  body: z.string().optional(),
  media: z.array(mediaItemSchema).default([]),
  /** Null where it was taken back. */
  location: locationSchema.nullish(),
  replyTo: z.string().optional(),
  status: z.enum(MESSAGE_STATUSES),
  errorCode: z.number().optional(),
  errorMessage: z.string().optional(),
  statusCallback: z.string().optional(),
  dateCreated: z.string(),
  dateUpdated: z.string(),
  dateSent: z.string().optional(),
  /** Outbound: when it is to be sent, where that is not at once. */
  sendAt: z.string().optional(),
  /** Outbound: after this instant the message is not sent any more (30036). */
  validUntil: z.string().optional(),
  /** Until when the contact's window is open, as it was when the message was accepted, ms since the epoch; it may be longer. */
  windowUntil: z.number().optional(),
  /** True where it was put in its sender's backlog: what has never been queued is then no sign of trouble. */
  backlogged: z.boolean().optional(),
  /** Delivery attempts begun. SQS receive counts also rise while waiting, so they cannot be used for this. */
  attempt: z.number().default(0),
  /** While `sending`: until when the attempt under way may still be running, ms since the epoch. */
  leaseUntil: z.number().optional(),
  /** The channel's ids of the parts already accepted, in order; delivery resumes after them. */
  channelMessageIds: z.array(z.string()).default([]),
  timeline: z.array(timelineEntrySchema),
});
export type Message = z.infer<typeof messageSchema>;

/** What is written over the content of a message that its contact took back; the timeline says that there was one. */
export function withoutContent({ location }: Message): Partial<Message> {
  return { body: '', media: [], ...(location && { location: null }) };
}

/** True for a message that its contact took back. */
export const isTakenBack = ({ timeline }: Message): boolean =>
  timeline.some(({ by, event }) => by === 'channel' && event === 'deleted');
