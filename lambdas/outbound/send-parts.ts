import type { MessagePart } from '../channels/types.ts';
import { pause } from '../platform/clock.ts';
import type { Handled } from '../platform/fifo-batch.ts';
import { HORIZON_MS } from '../platform/stores/pacing.ts';
import type { Attempt } from './attempt.ts';
import { takeWindow } from './check-window.ts';
import type { Credentials } from './credentials.ts';
import { conclude, fail } from './end-message.ts';
import { toOutbound } from './outbound-message.ts';
import { continueLater } from './put-back.ts';
import { recordPart } from './record-part.ts';
import { credentialsOf, failedToPrepare, sendPart } from './send-part.ts';

/** Sends the parts that were not accepted yet, in order, and records each before the next. */
export async function sendParts(attempt: Attempt): Promise<Handled> {
  const { channel, dependencies } = attempt;
  let { message } = attempt;
  let credentials: Credentials;
  let parts: MessagePart[];
  try {
    credentials = await credentialsOf(attempt);
    parts = await channel.plan(toOutbound(message), credentials.context, credentials.session);
  } catch (error) {
    return failedToPrepare(attempt, error);
  }
  const first = message.channelMessageIds.length;
  for (let index = first; index < parts.length; index += 1) {
    const current = { ...attempt, message };
    const waitMs = index > first ? await waitForSlot(current) : 0;
    if (waitMs > 0) return continueLater(current, waitMs);
    const slot = await takeWindow(current, index);
    if (!slot.taken) return fail(current, slot.failure);
    const sentAt = dependencies.now();
    const result = await sendPart(current, index, parts, credentials);
    if ('delivery' in result) {
      if (result.delivery.done) await slot.giveBack();
      return result.delivery;
    }
    credentials = result.credentials;
    message = await recordPart(current, { id: result.id, sentAt, isLast: index === parts.length - 1 });
  }
  return conclude(attempt, message);
}

/**
 * A further part is a further request, and takes a slot of its own. An attempt that is long under way does not wait for it: it was
 * given time for one part.
 * @returns 0 when the slot has come, or how many ms to come back after
 */
async function waitForSlot({ task, sender, rate, lease, dependencies }: Attempt): Promise<number> {
  const { pacing, leaseMs, now } = dependencies;
  if (lease.left < (leaseMs * 2) / 3) return 1;
  const at = now();
  const horizon = task.reply ? HORIZON_MS.reply : HORIZON_MS.campaign;
  const reservation = await pacing.reserve(sender.sid, 1, rate, at, horizon);
  if ('waitMs' in reservation) return reservation.waitMs;
  await pause(Math.max(0, (reservation.slots[0] ?? at) - at));
  return 0;
}
