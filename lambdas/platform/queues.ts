import {
  ChangeMessageVisibilityBatchCommand,
  type ChangeMessageVisibilityBatchRequestEntry,
  SendMessageBatchCommand,
  SendMessageCommand,
} from '@aws-sdk/client-sqs';
import type { CallbackTask, InboundTask, OutboundTask, WebhookTask } from '../domain/tasks.ts';
import { sqs } from './clients.ts';

/** Sends a task to a FIFO queue. A task with the same group and deduplication id within five minutes is dropped by SQS. */
export async function sendTask(
  queueUrl: string,
  task: OutboundTask | InboundTask | WebhookTask | CallbackTask,
  { group, deduplicationId }: { group: string; deduplicationId: string },
): Promise<void> {
  await sqs.send(
    new SendMessageCommand({
      QueueUrl: queueUrl,
      MessageBody: asciiJson(task),
      MessageGroupId: group,
      MessageDeduplicationId: deduplicationId,
    }),
  );
}

/** A task for a FIFO queue. */
export interface QueuedTask<Task = OutboundTask> {
  task: Task;
  group: string;
  deduplicationId: string;
}

/**
 * Sends tasks in this order, ten to a call at most. Throws unless all were taken; those before the first that was not, and some
 * after it, may be in the queue then. No call has two of one group: where one of them fails, none that follows it is in the queue.
 */
export async function sendTasks(queueUrl: string, tasks: readonly QueuedTask[]): Promise<void> {
  for (const batch of batchesOf(tasks)) await sendTogether(queueUrl, batch);
}

/** Sends up to ten tasks in this order, with one call. Throws unless all were taken; any of them may be in the queue then. */
export async function sendTogether(
  queueUrl: string,
  tasks: readonly QueuedTask<OutboundTask | CallbackTask>[],
): Promise<void> {
  const Entries = tasks.map(({ task, group, deduplicationId }, index) => ({
    Id: String(index),
    MessageBody: asciiJson(task),
    MessageGroupId: group,
    MessageDeduplicationId: deduplicationId,
  }));
  const { Failed = [] } = await sqs.send(new SendMessageBatchCommand({ QueueUrl: queueUrl, Entries }));
  const [first] = Failed;
  if (first) throw new Error(`${Failed.length} of ${tasks.length} were not queued: ${first.Code} ${first.Message}`);
}

function batchesOf(tasks: readonly QueuedTask[]): QueuedTask[][] {
  const batches: QueuedTask[][] = [];
  let batch: QueuedTask[] = [];
  for (const task of tasks) {
    if (batch.length === 10 || batch.some(({ group }) => group === task.group)) {
      batches.push(batch);
      batch = [];
    }
    batch.push(task);
  }
  return batch.length > 0 ? [...batches, batch] : batches;
}

/**
 * JSON in ASCII alone: SQS refuses a body with characters that XML does not have, such as U+FFFF, and a contact's text
 * may hold any.
 */
function asciiJson(value: unknown): string {
  return JSON.stringify(value).replace(
    /[\u007f-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/**
 * Makes messages visible again after `seconds` (SQS takes whole seconds, 12 hours at most).
 * One that has become visible meanwhile is left as it is.
 */
export async function hideFor(queueUrl: string, messages: { receiptHandle: string; seconds: number }[]): Promise<void> {
  for (let at = 0; at < messages.length; at += 10) {
    const Entries = messages.slice(at, at + 10).map(
      ({ receiptHandle, seconds }, index): ChangeMessageVisibilityBatchRequestEntry => ({
        Id: String(index),
        ReceiptHandle: receiptHandle,
        VisibilityTimeout: Math.min(43_200, Math.max(0, Math.ceil(seconds))),
      }),
    );
    await sqs.send(new ChangeMessageVisibilityBatchCommand({ QueueUrl: queueUrl, Entries }));
  }
}
