import type { FailedOutcome } from '../channels/types.ts';
import { statusCallback } from '../domain/callback.ts';
import { needsCancelCallback } from '../domain/cancellation.ts';
import type { Failure } from '../domain/failure.ts';
import type { Message } from '../domain/message.ts';
import { toIso } from '../platform/clock.ts';
import { done, type Handled } from '../platform/fifo-batch.ts';
import { type Ending, entry } from './attempt.ts';

/** Ends a message that the channel will never take. */
export function fail(ending: Ending, failure: Failure, outcome?: FailedOutcome): Promise<Handled> {
  return end(ending, failure, codes(outcome));
}

/** Ends a message that might have been sent if something else had not been in its way: people can have it sent again. */
export function giveUp(ending: Ending, failure: Failure, outcome?: FailedOutcome): Promise<Handled> {
  return end(ending, failure, { ...codes(outcome), deadLetter: 1 });
}

async function end(ending: Ending, failure: Failure, detail: Record<string, string | number>): Promise<Handled> {
  const { message, dependencies } = ending;
  const failed = entry(dependencies.now(), 'failed', { errorCode: failure.errorCode, ...detail });
  const change = await dependencies.messages.advance(message, 'failed', failed, failure);
  return change.message ? conclude(ending, change.message) : done;
}

/**
 * Does what follows from what a message has become: keeps a dead letter, queues the callback. Both may be repeated, so this is also
 * for a task that comes again: it may have been cut off right here.
 */
export async function conclude(ending: Ending, message: Message): Promise<Handled> {
  const { task, sender, channel, dependencies } = ending;
  const { accountSid, sid: messageSid, senderSid, status, timeline, errorMessage, attempt } = message;
  const last = timeline.findLast(({ event }) => event === 'failed');
  if (status === 'failed' && last?.by === 'deliver' && last.detail?.['deadLetter'] !== undefined) {
    const at = toIso(dependencies.now());
    const letter = {
      kind: 'outbound',
      reason: errorMessage ?? 'failed',
      at,
      accountSid,
      senderSid,
      messageSid,
    } as const;
    await dependencies.bury({ ...letter, payload: task }, `${messageSid}/${attempt}`);
  }
  const isDecidedHere = status === 'sent' || status === 'failed' || needsCancelCallback(message);
  const callback = isDecidedHere ? statusCallback(message, sender, channel.address) : undefined;
  if (callback) await dependencies.announce(callback);
  return done;
}

/** Of a failure, for the timeline. */
export function codes(outcome: FailedOutcome | undefined): Record<string, string> {
  return { ...(outcome && { class: outcome.class }), ...(outcome?.code !== undefined && { code: outcome.code }) };
}
