import type { Channel } from '../channels/types.ts';
import { statusCallback } from '../domain/callback.ts';
import { needsCancelCallback } from '../domain/cancellation.ts';
import type { Failure } from '../domain/failure.ts';
import type { Message, TimelineEntry } from '../domain/message.ts';
import type { Sender } from '../domain/sender.ts';
import type { CallbackTask } from '../domain/tasks.ts';
import { type Clock, toIso } from '../platform/clock.ts';
import type { MessageStore } from '../platform/stores/messages.ts';
import type { SenderStore } from '../platform/stores/senders.ts';

/** What both kinds of scheduled entries need. */
export interface DueDependencies {
  messages: Pick<MessageStore, 'get' | 'fire' | 'note' | 'failWaiting'>;
  senders: Pick<SenderStore, 'get'>;
  channel(name: string): Channel;
  /** Queues a callback. */
  announce(task: CallbackTask): Promise<void>;
  now: Clock;
}

/** A timeline entry of the sweep. */
export function entry(at: number, event: string, detail?: TimelineEntry['detail']): TimelineEntry {
  return { at: toIso(at), event, by: 'sweep', ...(detail && { detail }) };
}

/** Fails a message that no delivery was begun for, and tells the customer. Safe to repeat, and to be cut off anywhere. */
export async function failDue(message: Message, failure: Failure, dependencies: DueDependencies): Promise<boolean> {
  const { messages, now } = dependencies;
  const failed = entry(now(), 'failed', { errorCode: failure.errorCode });
  const change = await messages.failWaiting(message, failed, failure);
  if (change.message) await announceEnd(change.message, dependencies);
  return change.changed;
}

/**
 * Queues the callback of a message that ended before it was sent, by the sweep or by a request to cancel it that was cut off: its
 * entry is still there, so the callback may not have been queued. SQS drops one that was.
 */
export async function announceEnd(message: Message, dependencies: DueDependencies): Promise<void> {
  if (!isFailedHere(message) && !needsCancelCallback(message)) return;
  const { senders, channel, announce } = dependencies;
  const sender = (await senders.get(message.accountSid, message.senderSid)) ?? gone(message);
  const task = statusCallback(message, sender, channel(message.channel).address);
  if (task) await announce(task);
}

const isFailedHere = ({ status, timeline }: Message): boolean =>
  status === 'failed' && timeline.some(({ by, event }) => by === 'sweep' && event === 'failed');

/** What is left of a sender that was deleted: messages sent from it may have a callback URL of their own. */
const gone = ({ senderSid }: Message): Pick<Sender, 'sid' | 'webhook'> => ({
  sid: senderSid,
  webhook: { callbackMethod: 'POST', fallbackMethod: 'POST' },
});
