import type { Message } from './message.ts';

/** The timeline's word for a callback of this stage that the queue has taken. */
export const CALLBACK_QUEUED = 'callback';

/**
 * True for a message that was canceled by a request that may have been cut off before its callback was queued. Who comes across one
 * queues the callback again: its customer can tell a repetition by the idempotency token.
 */
export function needsCancelCallback({ status, timeline }: Pick<Message, 'status' | 'timeline'>): boolean {
  return status === 'canceled' && !timeline.some(({ by, event }) => by === 'api' && event === CALLBACK_QUEUED);
}
