import type { SQSRecord } from 'aws-lambda';
import * as z from 'zod';
import type { ChannelEvent } from '../channels/types.ts';
import { backoffSeconds } from '../domain/retry.ts';
import { type DeadLetter, inboundTaskSchema, webhookTaskSchema } from '../domain/tasks.ts';
import { toIso } from '../platform/clock.ts';
import { again, done, type Handled, readTask } from '../platform/fifo-batch.ts';
import { logger } from '../platform/log.ts';
import type { SenderStore } from '../platform/stores/senders.ts';
import type { EventContext } from './apply-event.ts';
import { UnknownMessageError } from './apply-status.ts';
import { type ReadAgainDependencies, readAgain } from './read-again.ts';

/** How long a status may wait for its message to become known, in ms. Our own record follows the send within seconds. */
const UNKNOWN_FOR_MS = 10 * 60_000;

/** The same where it may be about a message that is not ours: every such status waits in vain. */
const FOREIGN_FOR_MS = 60_000;

export interface PostponedDependencies extends ReadAgainDependencies {
  senders: Pick<SenderStore, 'get' | 'byAddress'>;
  apply(event: ChannelEvent, context: EventContext): Promise<void>;
}

const entrySchema = z.union([inboundTaskSchema, webhookTaskSchema]);

/** Applies one postponed event, or reads a webhook again; what can never be applied becomes a dead letter. */
export async function applyPostponed(record: SQSRecord, dependencies: PostponedDependencies): Promise<Handled> {
  const { senders, now } = dependencies;
  const bury = async (letter: Omit<DeadLetter, 'at'>): Promise<Handled> => {
    await dependencies.bury({ ...letter, at: toIso(now()) }, record.messageId);
    return done;
  };
  const task = readTask(record, entrySchema);
  if (!task) return bury({ kind: 'event', reason: 'The task is not an event.', accountSid: '', payload: record.body });
  const { accountSid, senderSid } = task;
  const letter = { kind: 'event' in task ? 'event' : 'webhook', accountSid, senderSid, payload: task } as const;
  const sender = await senders.get(accountSid, senderSid);
  if (!sender) return bury({ ...letter, reason: 'The sender no longer exists.' });
  if (!('event' in task)) return readAgain(task, sender, record.messageId, dependencies);
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
    if (given) return bury({ ...letter, reason: error.message });
    logger.warn('event not applied yet', { senderSid: sender.sid, reason: (error as Error).message });
    return again(Math.min(60, backoffSeconds(Number(record.attributes.ApproximateReceiveCount))));
  }
}
