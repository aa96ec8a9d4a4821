import type { Channel } from '../../channels/types.ts';
import { statusCallback } from '../../domain/callback.ts';
import { CALLBACK_QUEUED, needsCancelCallback } from '../../domain/cancellation.ts';
import type { Message } from '../../domain/message.ts';
import type { CallbackTask } from '../../domain/tasks.ts';
import { TwilioError } from '../../domain/twilio-error.ts';
import { type Clock, toIso } from '../../platform/clock.ts';
import type { MessageStore } from '../../platform/stores/messages.ts';
import type { ScheduleStore } from '../../platform/stores/schedule.ts';
import type { SenderStore } from '../../platform/stores/senders.ts';

export interface CancelDependencies {
  messages: Pick<MessageStore, 'cancel' | 'note'>;
  senders: Pick<SenderStore, 'get'>;
  schedule: Pick<ScheduleStore, 'remove'>;
  channels(): Promise<Channel[]>;
  /** Queues a callback. */
  announce(task: CallbackTask): Promise<void>;
  now: Clock;
}

/**
 * Cancels a message that waits for its time or its turn; throws 30409 once its delivery has begun. A message that is canceled
 * already stays so, and what an earlier request was cut off from doing is done: whoever finds its entry in the schedule or its task
 * does the same, so that the callback is queued although the customer never asks again.
 */
export async function cancelMessage(message: Message, dependencies: CancelDependencies): Promise<Message> {
  const { messages, schedule, now } = dependencies;
  const { changed, message: found } = await messages.cancel(message, entry(now(), 'canceled'));
  if (!found || (!changed && found.status !== 'canceled')) {
    throw new TwilioError(30409, 'This message cannot be canceled: it is too late.');
  }
  const canceled = needsCancelCallback(found) ? await announced(found, dependencies) : found;
  const { sid: messageSid, sendAt, validUntil, backlogged } = canceled;
  // Last: the entry is how a callback is found that was not queued.
  if (sendAt !== undefined) await schedule.remove({ messageSid, at: Date.parse(sendAt) });
  if (backlogged && validUntil !== undefined) await schedule.remove({ messageSid, at: Date.parse(validUntil) });
  return canceled;
}

/** Queues the callback, if anybody asked for one, and notes it. */
async function announced(
  message: Message,
  { senders, channels, announce, messages, now }: CancelDependencies,
): Promise<Message> {
  // A message whose sender was removed may have a callback URL of its own.
  const sender = (await senders.get(message.accountSid, message.senderSid)) ?? {
    sid: message.senderSid,
    webhook: { callbackMethod: 'POST', fallbackMethod: 'POST' },
  };
  const channel = (await channels()).find(({ name }) => name === message.channel);
  const task = channel && statusCallback(message, sender, channel.address);
  if (!task) return message;
  await announce(task);
  return (await messages.note(message, entry(now(), CALLBACK_QUEUED))).message ?? message;
}

const entry = (at: number, event: string) => ({ at: toIso(at), event, by: 'api' }) as const;
