import type { FailedOutcome } from '../channels/types.ts';
import { statusCallback } from '../domain/callback.ts';
import { type Failure, failures } from '../domain/failure.ts';
import type { Message } from '../domain/message.ts';
import { backoffSeconds } from '../domain/retry.ts';
import type { MessageStatus } from '../domain/status.ts';
import { toIso } from '../platform/clock.ts';
import { again, done, type Handled } from '../platform/fifo-batch.ts';
import { type Attempt, entry } from './attempt.ts';

/** A part that the channel accepted. */
interface AcceptedPart {
  id: string | undefined;
  /** When its request left, ms since the epoch: never later than the channel's own time of it. */
  sentAt: number;
  isLast: boolean;
}

/** Records a part that the channel accepted: first what statuses come back by, then the message. */
export async function recordPart(attempt: Attempt, { id, sentAt, isLast }: AcceptedPart): Promise<Message> {
  const { message, sender, channel, dependencies } = attempt;
  const { messages, messageIds, sentMessages, now } = dependencies;
  // Statuses of a message in several parts are those of its last one.
  if (id && isLast && channel.needsIdPointer) await messageIds.remember(sender.sid, id, message.sid, now());
  if (isLast && channel.hasWatermarks) await sentMessages.add(sender.sid, message.to, message.sid, sentAt);
  const at = now();
  const accepted = { channelMessageIds: [...message.channelMessageIds, id ?? ''] };
  if (!isLast) return (await messages.note(message, entry(at, 'part-sent'), accepted)).message ?? message;
  const sent = { ...accepted, dateSent: message.dateSent ?? toIso(at) };
  const change = await messages.advance(message, 'sent', entry(at, 'sent'), sent);
  if (change.changed) return change.message;
  // Its status came back faster than we could write: it is `delivered` already and stays so.
  return (await messages.note(message, entry(at, 'sent'), sent)).message ?? message;
}

/** Acts on what the channel said, by class. */
export async function handleFailure(attempt: Attempt, outcome: FailedOutcome): Promise<Handled> {
  const { sender, channel, dependencies } = attempt;
  const failure: Failure = {
    errorCode: outcome.twilioCode,
    errorMessage: outcome.title ?? `The channel refused the message (${outcome.code ?? outcome.class}).`,
  };
  switch (outcome.class) {
    case 'rate-limited': {
      const seconds = outcome.retryAfter ?? backoffSeconds(Math.max(1, attempt.message.attempt));
      if (outcome.scope === 'sender') {
        await dependencies.pacing.pause(sender.sid, dependencies.now() + seconds * 1_000, channel.limits.rate);
      }
      return retryLater(attempt, { reason: 'rate limit', outcome, failure, seconds });
    }
    case 'retry':
    case 'auth':
      return retryLater(attempt, {
        reason: outcome.class,
        outcome,
        failure,
        ...(outcome.retryAfter !== undefined && { seconds: outcome.retryAfter }),
      });
    default:
      return fail(attempt, failure, outcome);
  }
}

/** Back to `queued` until the next attempt; or failed, if that would come after the message's validity. */
export async function retryLater(
  attempt: Attempt,
  why: { reason: string; outcome?: FailedOutcome; failure?: Failure; seconds?: number },
): Promise<Handled> {
  const { message, dependencies } = attempt;
  const now = dependencies.now();
  const seconds = why.seconds ?? backoffSeconds(message.attempt);
  if (message.validUntil && now + seconds * 1_000 >= Date.parse(message.validUntil)) {
    return fail(attempt, why.failure ?? failures.validityExpired(why.reason), why.outcome);
  }
  await dependencies.messages.advance(
    message,
    'queued',
    entry(now, 'retry', { reason: why.reason, attempt: message.attempt, seconds, ...codes(why.outcome) }),
  );
  return again(seconds);
}

export async function fail(attempt: Attempt, failure: Failure, outcome?: FailedOutcome): Promise<Handled> {
  const { message, dependencies } = attempt;
  const detail = { errorCode: failure.errorCode, ...codes(outcome) };
  const change = await dependencies.messages.advance(
    message,
    'failed',
    entry(dependencies.now(), 'failed', detail),
    failure,
  );
  return change.message ? announce(attempt, change.message) : done;
}

/** Queues the callback for a status that this stage decides; later ones are announced where they are applied. */
export async function announce({ sender, channel, dependencies }: Attempt, message: Message): Promise<Handled> {
  const decidedHere: MessageStatus[] = ['sent', 'failed'];
  const task = decidedHere.includes(message.status) && statusCallback(message, sender, channel.address);
  if (task) await dependencies.announce(task);
  return done;
}

function codes(outcome: FailedOutcome | undefined): Record<string, string> {
  return { ...(outcome && { class: outcome.class }), ...(outcome?.code !== undefined && { code: outcome.code }) };
}
