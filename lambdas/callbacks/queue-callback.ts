import type { CallbackTask } from '../domain/tasks.ts';
import { sendTask } from '../platform/queues.ts';

/**
 * Queues a callback. Grouped by message, so that those of one message go out in order and no customer waits for another;
 * the idempotency token makes SQS drop one that a repeated step queues again.
 */
export function queueCallback(queueUrl: string): (task: CallbackTask) => Promise<void> {
  return (task) => sendTask(queueUrl, task, { group: task.messageSid, deduplicationId: task.idempotencyToken });
}
