import {
  ChangeMessageVisibilityBatchCommand,
  type ChangeMessageVisibilityBatchRequestEntry,
  SendMessageCommand,
} from '@aws-sdk/client-sqs';
import type { CallbackTask, DeadLetter, InboundTask, OutboundTask } from '../domain/tasks.ts';
import { sqs } from './clients.ts';

/** Sends a task to a FIFO queue. A task with the same group and deduplication id within five minutes is dropped by SQS. */
export async function sendTask(
  queueUrl: string,
  task: OutboundTask | InboundTask | CallbackTask | DeadLetter,
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
