import type { Channel, ChannelEvent } from '../channels/types.ts';
import type { Message } from '../domain/message.ts';
import type { Sender } from '../domain/sender.ts';
import type { CallbackTask } from '../domain/tasks.ts';
import type { Clock } from '../platform/clock.ts';
import { logger } from '../platform/log.ts';
import type { IdempotencyStore } from '../platform/stores/idempotency.ts';
import type { MessageIdStore } from '../platform/stores/message-ids.ts';
import type { MessageStore } from '../platform/stores/messages.ts';
import type { SentMessageStore } from '../platform/stores/sent-messages.ts';
import type { WindowStore } from '../platform/stores/windows.ts';
import { applyDeletion } from './apply-deletion.ts';
import { applyStatus } from './apply-status.ts';
import { receiveMessage } from './receive-message.ts';

export interface ApplyDependencies {
  messages: MessageStore;
  messageIds: MessageIdStore;
  sentMessages: SentMessageStore;
  windows: WindowStore;
  claims: Pick<IdempotencyStore, 'claim'>;
  /** Queues callbacks of one message, in this order. */
  announce(...tasks: CallbackTask[]): Promise<void>;
  /** Copies a message's media to where customers can fetch them; absent where there is no time for it. */
  fetchMedia?(message: Message, context: EventContext): Promise<void>;
  /** Removes what was copied; absent likewise. */
  emptyMedia?(message: Message): Promise<void>;
  now: Clock;
}

/** Whose event it is, and where the gateway is reached: links in callbacks point there. */
export interface EventContext {
  sender: Sender;
  channel: Channel;
  gatewayUrl: string;
}

/**
 * Applies one event, completely or not at all as far as anybody can see: every step can be repeated, and the callback is
 * queued last, so an event that was cut off anywhere is applied whole the next time it comes.
 */
export async function applyEvent(
  event: ChannelEvent,
  context: EventContext,
  dependencies: ApplyDependencies,
): Promise<void> {
  switch (event.type) {
    case 'message':
      return receiveMessage(event, context, dependencies);
    case 'status':
      return applyStatus(event, context, dependencies);
    case 'deletion':
      return applyDeletion(event, context, dependencies);
    case 'account':
      logger.info('account event', { senderSid: context.sender.sid, channel: event.channel, name: event.name });
  }
}
