/** Twilio's message statuses, as far as this gateway sets them. */
export const MESSAGE_STATUSES = [
  'scheduled',
  'queued',
  'sending',
  'sent',
  'delivered',
  'read',
  'failed',
  'undelivered',
  'canceled',
  'received',
] as const;
export type MessageStatus = (typeof MESSAGE_STATUSES)[number];

/**
 * The statuses that each status may follow. A change is written only if the stored status is in this list,
 * so a late `sent` never overwrites `delivered`, whatever order webhooks arrive in.
 */
const FOLLOWS: Record<MessageStatus, readonly MessageStatus[]> = {
  scheduled: [],
  queued: ['sending'],
  sending: ['queued', 'sending'],
  sent: ['queued', 'sending'],
  delivered: ['queued', 'sending', 'sent'],
  read: ['queued', 'sending', 'sent', 'delivered'],
  failed: ['scheduled', 'queued', 'sending', 'sent'],
  undelivered: ['queued', 'sending', 'sent'],
  canceled: ['scheduled', 'queued'],
  received: [],
};

/** The stored statuses from which a message may become `next`. */
export function predecessorsOf(next: MessageStatus): readonly MessageStatus[] {
  return FOLLOWS[next];
}

/** True when nothing can follow, except `read` after `delivered`. */
export function isTerminal(status: MessageStatus): boolean {
  return !['scheduled', 'queued', 'sending', 'sent'].includes(status);
}
