import type { FailedOutcome } from '../channels/types.ts';
import type { Failure } from '../domain/failure.ts';
import type { Message } from '../domain/message.ts';
import { backoffSeconds, contactLimitSeconds } from '../domain/retry.ts';
import type { Handled } from '../platform/fifo-batch.ts';
import type { Attempt } from './attempt.ts';
import { fail } from './end-message.ts';
import { holdBacklog, retryLater } from './put-back.ts';

/** What a message waits for in the timeline when its provider said that it was too much. */
const RATE_LIMIT = 'rate limit';

/** Acts on what the channel said, by class. */
export async function handleFailure(attempt: Attempt, outcome: FailedOutcome): Promise<Handled> {
  const failure: Failure = {
    errorCode: outcome.twilioCode,
    errorMessage: outcome.title ?? `The channel refused the message (${outcome.code ?? outcome.class}).`,
  };
  switch (outcome.class) {
    case 'rate-limited': {
      const seconds = await waitAsLimited(attempt, outcome);
      return retryLater(attempt, { reason: RATE_LIMIT, outcome, failure, seconds });
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

/** Pauses the sender, where the limit is the sender's. @returns seconds that the message waits */
async function waitAsLimited(attempt: Attempt, { scope, retryAfter }: FailedOutcome): Promise<number> {
  const { message, sender, rate, dependencies } = attempt;
  if (scope === 'contact') return contactLimitSeconds(timesLimited(message), retryAfter);
  const seconds = retryAfter ?? backoffSeconds(Math.max(1, message.attempt));
  const until = dependencies.now() + seconds * 1_000;
  await dependencies.pacing.pause(sender.sid, until, rate);
  await holdBacklog(attempt, until);
  return seconds;
}

/** How often this message has met its contact's limit. */
function timesLimited({ timeline }: Message): number {
  return timeline.filter(({ event, detail }) => event === 'retry' && detail?.['scope'] === 'contact').length;
}
