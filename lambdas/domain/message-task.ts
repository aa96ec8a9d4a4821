import type { Message } from './message.ts';
import { conversationGroup, type OutboundTask } from './tasks.ts';

/** The task to deliver a message that was stored before, and its FIFO group: due at once, wherever its turn was. */
export function taskOf(
  message: Pick<Message, 'sid' | 'accountSid' | 'senderSid' | 'to' | 'direction' | 'validUntil' | 'windowUntil'>,
  now: number,
): { task: OutboundTask; group: string } {
  const { sid, accountSid, senderSid, to, direction, validUntil, windowUntil } = message;
  const isReply = direction === 'outbound-reply' || (windowUntil !== undefined && windowUntil > now);
  return {
    task: {
      accountSid,
      senderSid,
      messageSid: sid,
      ...(isReply && { reply: true }),
      ...(validUntil !== undefined && { validUntil: Date.parse(validUntil) }),
    },
    group: conversationGroup(senderSid, to),
  };
}
