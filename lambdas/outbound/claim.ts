import type { Channel } from '../channels/types.ts';
import type { Message } from '../domain/message.ts';
import type { OutboundTask } from '../domain/tasks.ts';
import { logger } from '../platform/log.ts';
import { type DeliverDependencies, entry } from './attempt.ts';

export type Claim =
  /** The message is this attempt's. `inDoubt`: it may have been sent by another that was cut off. */
  | { kind: 'taken'; message: Message; inDoubt: boolean }
  /** Nothing is left to send: it was sent, failed or was canceled, or is not there (any more). */
  | { kind: 'settled'; message: Message | undefined }
  /** Somebody else's attempt may still run, or its outcome may still be heard of. */
  | { kind: 'busy'; retryIn: number };

type ClaimDependencies = Pick<DeliverDependencies, 'messages' | 'leaseMs' | 'now'>;

/** Takes the message for this attempt. */
export async function claim(
  task: OutboundTask,
  inDoubt: Channel['inDoubt'] | undefined,
  dependencies: ClaimDependencies,
): Promise<Claim> {
  const { messages, leaseMs, now } = dependencies;
  const at = now();
  // No two claims have the same fraction of a millisecond: this one is known again if only its answer was lost.
  const leaseUntil = at + leaseMs + Math.random();
  const first = await messages.claim(task, { entry: entry(at, 'sending'), leaseUntil });
  if (first.changed) return { kind: 'taken', message: first.message, inDoubt: false };
  const found = first.message;
  if (!found) logger.info('a task names a message that does not exist', { messageSid: task.messageSid });
  if (found?.status !== 'sending') return { kind: 'settled', message: found };
  if (found.leaseUntil === leaseUntil) return { kind: 'taken', message: found, inDoubt: false };
  const remaining = (found.leaseUntil ?? 0) - at;
  if (remaining > 0) return { kind: 'busy', retryIn: Math.ceil(remaining) / 1_000 };
  return takeOver(task, found, { wait: inDoubt?.wait ?? 0, leaseUntil, at }, dependencies);
}

/** An attempt was cut off. Where a status of the message may still tell whether it was sent, that is waited for, once. */
async function takeOver(
  task: OutboundTask,
  found: Message,
  { wait, leaseUntil, at }: { wait: number; leaseUntil: number; at: number },
  { messages, leaseMs }: ClaimDependencies,
): Promise<Claim> {
  const wasWaitedFor = wait > 0 && isInDoubt(found);
  if (wait > 0 && !wasWaitedFor) {
    const isMoved = await messages.moveLease(found, at + wait * 1_000, entry(at, 'in-doubt', { wait }));
    return { kind: 'busy', retryIn: isMoved ? wait : leaseMs / 1_000 };
  }
  const event = wasWaitedFor ? 'sending' : 'in-doubt';
  const taken = await messages.claim(task, { entry: entry(at, event), leaseUntil, found });
  if (taken.message?.leaseUntil === leaseUntil) return { kind: 'taken', message: taken.message, inDoubt: true };
  return { kind: 'busy', retryIn: leaseMs / 1_000 };
}

/** True when the last that is known of an attempt is that nobody knows whether it was sent. */
function isInDoubt({ timeline }: Message): boolean {
  return timeline.findLast(({ event }) => event === 'sending' || event === 'in-doubt')?.event === 'in-doubt';
}
