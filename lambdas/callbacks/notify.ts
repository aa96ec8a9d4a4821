import type { SQSRecord } from 'aws-lambda';
import type { HttpAnswer } from '../channels/types.ts';
import { backoffSeconds } from '../domain/retry.ts';
import { type CallbackTask, callbackTaskSchema, type DeadLetter } from '../domain/tasks.ts';
import { type Clock, toIso } from '../platform/clock.ts';
import { again, done, type Handled, readTask } from '../platform/fifo-batch.ts';
import { logger } from '../platform/log.ts';
import { type PostDependencies, type Posted, postCallback } from './post-callback.ts';

/** How long a callback is tried before it becomes a dead letter, in ms. Twilio tries twice within seconds; this outlives a deploy. */
const GIVE_UP_AFTER_MS = 4 * 3_600_000;

/** Refusals that may pass; any other one is the customer's last word. */
const WORTH_RETRYING = new Set([408, 425, 429]);

export interface NotifyDependencies extends PostDependencies {
  /** The token that signs for an account; undefined when the account no longer exists. */
  authToken(accountSid: string): Promise<string | undefined>;
  /** Acts on the answer to an inbound message's webhook (TwiML or text). */
  reply(task: CallbackTask, answer: HttpAnswer): Promise<void>;
  bury(letter: DeadLetter, deduplicationId: string): Promise<void>;
  now: Clock;
}

/**
 * Posts one callback to the customer. What its URL asks for is tried at once, as on Twilio; after that what may pass goes back to
 * the queue for hours, which Twilio does not do; what the customer refuses is dropped.
 */
export async function notify(record: SQSRecord, dependencies: NotifyDependencies): Promise<Handled> {
  const task = readTask(record, callbackTaskSchema);
  const bury = async (reason: string): Promise<Handled> => {
    await dependencies.bury(deadLetter(task, record, reason, dependencies.now()), record.messageId);
    return done;
  };
  if (!task) return bury('The task is not a callback.');
  const authToken = await dependencies.authToken(task.accountSid);
  if (authToken === undefined) return bury('The account no longer exists.');

  const result = await postCallback(task, task, authToken, dependencies);
  if (result.kind === 'accepted') {
    if (task.kind === 'inbound') await dependencies.reply(task, result.answer);
    return done;
  }
  if (task.fallbackUrl) {
    const failed = { ...task, params: { ...task.params, ErrorCode: result.errorCode, ErrorUrl: task.url } };
    const target = { url: task.fallbackUrl, method: task.fallbackMethod ?? 'POST' };
    const second = await postCallback(failed, target, authToken, dependencies);
    if (second.kind === 'accepted') {
      await dependencies.reply({ ...task, url: task.fallbackUrl }, second.answer);
      return done;
    }
  }
  if (isRefusal(result)) return done;
  const age = dependencies.now() - Number(record.attributes.SentTimestamp);
  if (age > GIVE_UP_AFTER_MS) return bury(result.reason);
  return again(backoffSeconds(Number(record.attributes.ApproximateReceiveCount)));
}

const isRefusal = (posted: Posted): boolean => posted.kind === '4xx' && !WORTH_RETRYING.has(posted.status ?? 0);

function deadLetter(task: CallbackTask | undefined, record: SQSRecord, reason: string, now: number): DeadLetter {
  logger.warn('callback given up', { messageSid: task?.messageSid, reason });
  return {
    kind: 'callback',
    reason,
    at: toIso(now),
    accountSid: task?.accountSid ?? '',
    ...(task && { messageSid: task.messageSid }),
    payload: task ?? record.body,
  };
}
