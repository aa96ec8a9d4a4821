import type { SQSRecord } from 'aws-lambda';
import type { HttpAnswer } from '../channels/types.ts';
import { backoffSeconds } from '../domain/retry.ts';
import { type CallbackTask, callbackTaskSchema, type DeadLetter } from '../domain/tasks.ts';
import { type Clock, toIso } from '../platform/clock.ts';
import { again, done, type Handled, readTask } from '../platform/fifo-batch.ts';
import { logger } from '../platform/log.ts';
import type { CustomerHost, Held } from './customer-hosts.ts';
import { type PostDependencies, type Posted, postCallback } from './post-callback.ts';

/** How long a callback is tried before it becomes a dead letter, in ms. Twilio tries twice within seconds; this outlives a deploy. */
const GIVE_UP_AFTER_MS = 4 * 3_600_000;

/** Refusals that may pass; any other one is the customer's last word. */
const WORTH_RETRYING = new Set([408, 425, 429]);

/** Waiting, and trouble of our own, is no fault of the customer's: the pauses grow no further than with this many receives. */
const MOST_RECEIVES = 6;

export interface NotifyDependencies extends PostDependencies {
  /** The token that signs for an account; undefined when the account no longer exists. */
  authToken(accountSid: string): Promise<string | undefined>;
  /** What a callback to a host has to wait for; undefined: it may go. */
  heldBy(host: CustomerHost): Promise<Held | undefined>;
  /** Acts on the answer to an inbound message's webhook (TwiML or text). */
  reply(task: CallbackTask, answer: HttpAnswer): Promise<void>;
  /** Keeps a letter under a key that a repetition has too. */
  bury(letter: DeadLetter, key: string): Promise<void>;
  now: Clock;
}

/** What came of a callback: finished, to be tried again after so many seconds, or not to be tried again by itself. */
type Outcome =
  | { kind: 'done' }
  | { kind: 'again'; seconds: number; reason: string }
  | { kind: 'hopeless'; reason: string };

/**
 * Posts one callback to the customer. What its URL asks for is tried at once, as on Twilio; after that what may pass goes back to
 * the queue for hours, which Twilio does not do; what the customer refuses is dropped.
 */
export async function notify(record: SQSRecord, dependencies: NotifyDependencies): Promise<Handled> {
  const task = readTask(record, callbackTaskSchema);
  const outcome = await outcomeOf(task, Number(record.attributes.ApproximateReceiveCount), dependencies);
  if (outcome.kind === 'done') return done;
  const now = dependencies.now();
  const isTooOld = now - Number(record.attributes.SentTimestamp) > GIVE_UP_AFTER_MS;
  if (outcome.kind === 'again' && !isTooOld) return again(outcome.seconds);
  await dependencies.bury(deadLetter(task, record, outcome.reason, now), record.messageId);
  return done;
}

async function outcomeOf(
  task: CallbackTask | undefined,
  receives: number,
  dependencies: NotifyDependencies,
): Promise<Outcome> {
  if (!task) return { kind: 'hopeless', reason: 'The task is not a callback.' };
  const urls = [task.url, task.fallbackUrl ?? task.url];
  if (!urls.every((url) => URL.canParse(url))) return { kind: 'hopeless', reason: 'The URL cannot be called.' };
  try {
    const authToken = await dependencies.authToken(task.accountSid);
    if (authToken === undefined) return { kind: 'hopeless', reason: 'The account no longer exists.' };
    return await deliver(task, authToken, receives, dependencies);
  } catch (error) {
    logger.error('a callback could not be handled', { messageSid: task.messageSid, error: error as Error });
    const seconds = backoffSeconds(Math.min(receives, MOST_RECEIVES));
    return { kind: 'again', seconds, reason: 'The gateway could not handle it; its log says why.' };
  }
}

async function deliver(
  task: CallbackTask,
  authToken: string,
  receives: number,
  dependencies: NotifyDependencies,
): Promise<Outcome> {
  const post = async (posted: CallbackTask, url: string, method: CallbackTask['method']): Promise<Posted | Held> =>
    (await dependencies.heldBy({ accountSid: task.accountSid, url })) ??
    postCallback(posted, { url, method }, authToken, dependencies);

  const result = await post(task, task.url, task.method);
  if (result.kind === 'accepted') {
    if (task.kind === 'inbound') await dependencies.reply(task, result.answer);
    return { kind: 'done' };
  }
  // A host that is slow still answers; to one that is down the request counts as made, and as failed.
  const isFailed = result.kind !== 'held' || result.why === 'down';
  if (task.fallbackUrl && isFailed) {
    const ErrorCode = result.kind === 'held' ? '11205' : result.errorCode;
    const failed = { ...task, params: { ...task.params, ErrorCode, ErrorUrl: task.url } };
    const second = await post(failed, task.fallbackUrl, task.fallbackMethod ?? 'POST');
    if (second.kind === 'accepted') {
      await dependencies.reply({ ...task, url: task.fallbackUrl }, second.answer);
      return { kind: 'done' };
    }
  }
  if (result.kind === 'held') return waiting(result, receives);
  if (isRefusal(result)) return { kind: 'done' };
  return { kind: 'again', seconds: backoffSeconds(receives), reason: result.reason };
}

/**
 * When a callback that is held comes back. Spread out, because all that wait for a host would else come back in the same moment;
 * those of a slow host less often the longer they have waited, because each time costs a receive and may be in vain.
 */
function waiting({ why, waitMs }: Held, receives: number): Outcome {
  const seconds = waitMs / 1_000;
  if (why === 'down') {
    return { kind: 'again', seconds: seconds * (1 + Math.random() / 2), reason: 'The host could not be reached.' };
  }
  const spread = backoffSeconds(Math.min(receives, MOST_RECEIVES));
  return { kind: 'again', seconds: Math.max(seconds, spread), reason: 'The host answers too slowly.' };
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
