import type { ChannelEvent } from '../channels/types.ts';
import type { EventContext } from './apply-event.ts';

/** Stands for the SID of a message that was taken back before it came. */
export const TAKEN_BACK = 'taken back';

/**
 * The key under which the first of several decides which message the channel's id of a contact's message stands for.
 * Customers' idempotency keys, which are kept in the same place, have no spaces.
 */
export const claimKey = ({ sender }: EventContext, id: string): string => `received ${sender.sid} ${id}`;

/** Apart from the ids of what we sent: a status or a reply must not take a contact's message for one of ours. */
export const receivedId = (id: string): string => `received/${id}`;

/** Whether the id decides: where its SID cannot be derived each time from what the channel says, or it may be taken back. */
export function needsClaim(event: Extract<ChannelEvent, { type: 'message' }>, { channel }: EventContext): boolean {
  return event.undated === true || channel.hasDeletions;
}
