import { failures } from '../domain/failure.ts';
import type { Message } from '../domain/message.ts';
import { rateOf } from '../domain/rate.ts';
import type { Sender } from '../domain/sender.ts';
import type { OutboundTask } from '../domain/tasks.ts';
import { again, done, type Handled } from '../platform/fifo-batch.ts';
import type { DeliverDependencies, Ending } from './attempt.ts';
import { checkWindow } from './check-window.ts';
import { claim } from './claim.ts';
import { conclude, fail, giveUp } from './end-message.ts';
import { Lease } from './lease.ts';
import { waitForHost } from './put-back.ts';
import { sendParts } from './send-parts.ts';

/** How long a task waits for its message to be stored, and how often it looks. */
const UNSTORED_FOR_MS = 60_000;
const UNSTORED_SECONDS = 5;

/**
 * Delivers the message that a task names, one attempt. Safe to run twice, and to be cut off anywhere:
 *
 *   queued ──claim──▶ sending (attempt, lease) ──each part: send, record──▶ sent ──▶ callback
 *
 * A redelivered task whose message was sent is finished without sending. One that was cut off between send and record is
 * taken over when its lease has run out, and then the spec says whether to wait for a status, to resend or to give up.
 */
export async function deliverMessage(task: OutboundTask, dependencies: DeliverDependencies): Promise<Handled> {
  const { senders, gate, now } = dependencies;
  // What is too old to be sent asks nobody anything: it only has to be told so.
  const isTooOld = task.validUntil !== undefined && task.validUntil <= now();
  const pass = isTooOld ? gate.pass(task.senderSid) : await gate.enter(task.senderSid);
  if ('waitMs' in pass) return waitForHost(task, pass.waitMs, dependencies);

  const sender = await senders.get(task.accountSid, task.senderSid);
  const inDoubt = sender && dependencies.channel(sender.channel).inDoubt;
  const claimed = await claim(task, inDoubt, dependencies);
  if (claimed.kind === 'busy') return again(claimed.retryIn);
  const { message } = claimed;
  if (!message) return mayStillCome(task, now()) ? again(UNSTORED_SECONDS) : done;

  const ending = endingOf(task, message, sender, dependencies);
  const { channel } = ending;
  // Cut off after the last write but before the callback: it is queued again, and SQS drops it if it was queued before.
  if (claimed.kind === 'settled') return conclude(ending, message);
  if (!sender || sender.status === 'DELETING') return giveUp(ending, failures.senderGone());
  if (claimed.inDoubt && !channel.inDoubt.resend) return giveUp(ending, failures.inDoubt());
  if (message.validUntil && Date.parse(message.validUntil) <= now()) return giveUp(ending, failures.validityExpired());

  const attempt = { ...ending, sender, rate: rateOf(sender, channel), lease: new Lease(message, dependencies), pass };
  const closed = await checkWindow(attempt);
  return closed ? fail(attempt, closed) : sendParts(attempt);
}

/** What waited in the backlog was put there before its message was stored, by a request that takes seconds at most, or never ends. */
function mayStillCome({ released, dueAt = 0 }: OutboundTask, now: number): boolean {
  return released === true && now < dueAt + UNSTORED_FOR_MS;
}

/** A message whose sender is gone has only itself to say where its callback goes. */
function endingOf(
  task: OutboundTask,
  message: Message,
  sender: Sender | undefined,
  dependencies: DeliverDependencies,
): Ending {
  const gone = { sid: message.senderSid, webhook: { callbackMethod: 'POST', fallbackMethod: 'POST' } } as const;
  return { task, message, sender: sender ?? gone, channel: dependencies.channel(message.channel), dependencies };
}
