import type { FailedOutcome } from '../channels/types.ts';
import { type Failure, failures } from '../domain/failure.ts';
import { backoffSeconds } from '../domain/retry.ts';
import type { OutboundTask } from '../domain/tasks.ts';
import { again, type Handled } from '../platform/fifo-batch.ts';
import { logger } from '../platform/log.ts';
import { type Attempt, type DeliverDependencies, entry } from './attempt.ts';
import { codes, giveUp } from './end-message.ts';

/*
 * Three ways for a message to wait in the queue: after a failed attempt, for a provider that is down, and in the middle of its parts.
 */

interface Why {
  reason: string;
  outcome?: FailedOutcome;
  failure?: Failure;
  /** What the provider asked for; if not given, longer and longer. */
  seconds?: number;
}

/** Back to `queued` until the next attempt; given up when that would come after the message's validity. */
export async function retryLater(attempt: Attempt, why: Why): Promise<Handled> {
  const { message, dependencies } = attempt;
  const now = dependencies.now();
  const leftSeconds = (Date.parse(message.validUntil ?? '') - now) / 1_000;
  const seconds = why.seconds ?? beforeTheEnd(backoffSeconds(message.attempt), leftSeconds);
  if (seconds >= leftSeconds) return giveUp(attempt, why.failure ?? failures.validityExpired(why.reason), why.outcome);
  const { outcome } = why;
  const detail = { reason: why.reason, attempt: message.attempt, seconds, ...codes(outcome) };
  await dependencies.messages.putBack(
    message,
    entry(now, 'retry', { ...detail, ...(outcome?.class === 'rate-limited' && { scope: outcome.scope }) }),
  );
  return again(seconds);
}

/** The last attempt comes a second before the validity ends, however long chance would have it wait. */
function beforeTheEnd(seconds: number, leftSeconds: number): number {
  return seconds >= leftSeconds && leftSeconds > 2 ? Math.floor(leftSeconds) - 1 : seconds;
}

/** The provider was found to be down when the message was this attempt's already: if it asked nobody anything, it was none. */
export async function putBackForHost(attempt: Attempt, waitMs: number): Promise<Handled> {
  const { task, message, pass, dependencies } = attempt;
  const seconds = Math.ceil(waitMs / 1_000);
  const waiting = entry(dependencies.now(), 'waiting', { reason: 'the provider cannot be reached', seconds });
  await dependencies.messages.putBack(message, waiting, pass.wasUsed ? {} : { attempt: message.attempt - 1 });
  return waitForHost(task, waitMs, dependencies);
}

/** Leaves a message in the queue until its provider may be tried again, or its validity ends. */
export async function waitForHost(
  { senderSid, validUntil = Number.POSITIVE_INFINITY }: OutboundTask,
  waitMs: number,
  { backlogs, gate, now }: Pick<DeliverDependencies, 'backlogs' | 'gate' | 'now'>,
): Promise<Handled> {
  const until = now() + waitMs;
  if (gate.isNews(senderSid, until)) await holdQuietly(senderSid, until, backlogs);
  // Up to half as long again, so that not all who wait for one host come at once.
  const ms = waitMs * (1 + Math.random() / 2);
  return again(Math.max(0, Math.min(ms, validUntil - now())) / 1_000);
}

/** Some parts were sent and the next must wait: the attempt goes on later, without having failed. */
export async function continueLater(attempt: Attempt, waitMs: number): Promise<Handled> {
  const { message, dependencies } = attempt;
  await dependencies.messages.putBack(
    message,
    entry(dependencies.now(), 'waiting', { reason: 'no slot for the next part' }),
  );
  return again(waitMs / 1_000);
}

/** Releases nothing of a sender that was paused. */
export async function holdBacklog({ message, dependencies }: Attempt, until: number): Promise<void> {
  await holdQuietly(message.senderSid, until, dependencies.backlogs);
}

/** How far the backlog runs ahead is no reason to send a message twice. */
async function holdQuietly(senderSid: string, until: number, backlogs: DeliverDependencies['backlogs']): Promise<void> {
  try {
    await backlogs.hold(senderSid, until);
  } catch (error) {
    logger.warn('a backlog could not be held', { senderSid, error: error as Error });
  }
}
