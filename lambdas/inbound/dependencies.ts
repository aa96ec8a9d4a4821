import { queueCallback } from '../callbacks/queue-callback.ts';
import { systemClock } from '../platform/clock.ts';
import type { Environment } from '../platform/environment.ts';
import { IdempotencyStore } from '../platform/stores/idempotency.ts';
import { MessageIdStore } from '../platform/stores/message-ids.ts';
import { MessageStore } from '../platform/stores/messages.ts';
import { SentMessageStore } from '../platform/stores/sent-messages.ts';
import { WindowStore } from '../platform/stores/windows.ts';
import type { ApplyDependencies } from './apply-event.ts';

/** What applying an event needs, the same for both functions that do it. */
export function applyDependencies(environment: Environment<'TABLE_NAME' | 'CALLBACKS_QUEUE_URL'>): ApplyDependencies {
  const table = environment.TABLE_NAME;
  return {
    messages: new MessageStore(table),
    messageIds: new MessageIdStore(table),
    sentMessages: new SentMessageStore(table),
    windows: new WindowStore(table),
    claims: new IdempotencyStore(table),
    announce: queueCallback(environment.CALLBACKS_QUEUE_URL),
    now: systemClock,
  };
}
