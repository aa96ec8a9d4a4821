import type { CallbackTask } from '../domain/tasks.ts';
import { sendTogether } from '../platform/queues.ts';

/**
 * Queues callbacks, of one message and in this order. Grouped by message, so that those of one message go out in order and no customer
 * waits for another; the idempotency token makes SQS drop one that a repeated step queues again.
 */
export function queueCallback(queueUrl: string): (...tasks: CallbackTask[]) => Promise<void> {
  return (...tasks) =>
    sendTogether(
      queueUrl,
      tasks.map((task) => ({ task, group: task.messageSid, deduplicationId: task.idempotencyToken })),
    );
}
