import type { SQSRecord } from 'aws-lambda';
import type { Channel, ChannelEvent } from '../channels/types.ts';
import { backoffSeconds } from '../domain/retry.ts';
import { type DeadLetter, inboundTaskSchema } from '../domain/tasks.ts';
import { type Clock, toIso } from '../platform/clock.ts';
import { again, done, type Handled, readTask } from '../platform/fifo-batch.ts';
import { logger } from '../platform/log.ts';
import type { SenderStore } from '../platform/stores/senders.ts';
import type { EventContext } from './apply-event.ts';
import { UnknownMessageError } from './apply-status.ts';

/** How long a status may wait for its message to become known, in ms. Our own record follows the send within seconds. */
const UNKNOWN_FOR_MS = 10 * 60_000;

/** The same where it may be about a message that is not ours: every such status waits in vain. */
const FOREIGN_FOR_MS = 60_000;

export interface PostponedDependencies {
  senders: SenderStore;
  channel(name: string): Channel;
  apply(event: ChannelEvent, context: EventContext): Promise<void>;
  bury(letter: DeadLetter, deduplicationId: string): Promise<void>;
  now: Clock;
}

/** Applies one postponed event; one that can never be applied becomes a dead letter. */
export async function applyPostponed(record: SQSRecord, dependencies: PostponedDependencies): Promise<Handled> {
  const { senders, now } = dependencies;
  const bury = async (reason: string, accountSid: string, payload: unknown): Promise<Handled> => {
    await dependencies.bury({ kind: 'event', reason, at: toIso(now()), accountSid, payload }, record.messageId);
    return done;
  };
  const task = readTask(record, inboundTaskSchema);
  if (!task) return bury('The task is not an event.', '', record.body);
  const sender = await senders.get(task.accountSid, task.senderSid);
  if (!sender) return bury('The sender no longer exists.', task.accountSid, task);
  const channel = dependencies.channel(sender.channel);
  try {
    await dependencies.apply(task.event, { sender, channel, gatewayUrl: task.gatewayUrl });
    return done;
  } catch (error) {
    const age = now() - Date.parse(task.receivedAt);
    if (error instanceof UnknownMessageError && error.isExpected && age > FOREIGN_FOR_MS) {
      logger.info('an event is about a message that is not ours', { senderSid: sender.sid, type: task.event.type });
      return done;
    }
    const given = error instanceof UnknownMessageError && age > UNKNOWN_FOR_MS;
    if (given) return bury(error.message, task.accountSid, task);
    logger.warn('event not applied yet', { senderSid: sender.sid, reason: (error as Error).message });
    return again(Math.min(60, backoffSeconds(Number(record.attributes.ApproximateReceiveCount))));
  }
}
