import { failures } from '../domain/failure.ts';
import type { OutboundTask } from '../domain/tasks.ts';
import { isFreeForm, isWindowOpen } from '../domain/window.ts';
import { again, done, type Handled } from '../platform/fifo-batch.ts';
import { type DeliverDependencies, entry } from './attempt.ts';
import { claim } from './claim.ts';
import { toOutbound } from './outbound-message.ts';
import { sendParts } from './send-parts.ts';
import { announce, fail } from './settle.ts';

/**
 * Delivers the message that a task names, one attempt. Safe to run twice, and to be cut off anywhere:
 *
 *   queued ──claim──▶ sending (attempt, lease) ──each part: send, record──▶ sent ──▶ callback
 *
 * A redelivered task whose message was sent is finished without sending. One that was cut off between send and record is
 * taken over when its lease has run out, and then the spec says whether to resend or to give up.
 */
export async function deliverMessage(task: OutboundTask, dependencies: DeliverDependencies): Promise<Handled> {
  const { messages, senders, windows, now } = dependencies;
  const claimed = await claim(task, dependencies);
  if ('retryIn' in claimed) return again(claimed.retryIn);
  const { message, inDoubt } = claimed;
  if (!message) return done;

  const sender = await senders.get(task.accountSid, task.senderSid);
  if (!sender) {
    const failure = failures.senderGone();
    await messages.advance(message, 'failed', entry(now(), 'failed', { errorCode: failure.errorCode }), failure);
    return done;
  }
  const channel = dependencies.channel(sender.channel);
  const attempt = { message, sender, channel, dependencies };
  // Cut off after the last write but before the callback: it is queued again, and SQS drops it if it was queued before.
  if (message.status !== 'sending') return announce(attempt, message);
  if (inDoubt && channel.inDoubt === 'give-up') return fail(attempt, failures.inDoubt());

  if (message.validUntil && Date.parse(message.validUntil) <= now()) return fail(attempt, failures.validityExpired());
  if (channel.window && isFreeForm(toOutbound(message), channel.window.outside)) {
    const { hours, errorCode } = channel.window;
    const lastInboundAt = await windows.lastInboundAt(sender.sid, message.to);
    if (!isWindowOpen(lastInboundAt, hours, now())) return fail(attempt, failures.windowClosed(errorCode, hours));
  }
  return sendParts(attempt);
}
