import type { Message } from '../domain/message.ts';
import type { OutboundTask } from '../domain/tasks.ts';
import { logger } from '../platform/log.ts';
import { type DeliverDependencies, entry } from './attempt.ts';

/** Takes the message for this attempt; or says how long somebody else's attempt may still run. */
export async function claim(
  task: OutboundTask,
  { messages, leaseMs, now }: DeliverDependencies,
): Promise<{ message: Message | undefined; inDoubt: boolean } | { retryIn: number }> {
  const at = now();
  const leaseUntil = at + leaseMs;
  const first = await messages.claim(task, { entry: entry(at, 'sending'), leaseUntil });
  if (first.changed) return { message: first.message, inDoubt: false };
  const found = first.message;
  if (!found) logger.error('a task names a message that does not exist', { messageSid: task.messageSid });
  if (found?.status !== 'sending') return { message: found, inDoubt: false };
  const remaining = (found.leaseUntil ?? 0) - at;
  if (remaining > 0) return { retryIn: remaining / 1_000 };
  const takenOver = await messages.claim(task, { entry: entry(at, 'in-doubt'), leaseUntil, found });
  return takenOver.changed ? { message: takenOver.message, inDoubt: true } : { retryIn: leaseMs / 1_000 };
}
