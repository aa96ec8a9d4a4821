import { DeleteMessageBatchCommand } from '@aws-sdk/client-sqs';
import type { SQSRecord } from 'aws-lambda';
import { sqs } from './clients.ts';
import { logger } from './log.ts';

/** A batch that takes longer than this has its finished records removed meanwhile. */
const AFTER_MS = 1_000;

/**
 * Runs a batch, and where it takes long removes what is finished while the rest goes on. Lambda does so only when the whole
 * batch has ended, and until then SQS hands out nothing more of a finished record's group: the slowest would hold up all others.
 * What cannot be removed is left to Lambda, and what Lambda finds removed is no error.
 * @param run calls `finished` with each record that is done for good
 */
export async function releasingEarly<T>(
  run: (finished: (record: SQSRecord) => void) => Promise<T>,
  remove: (records: SQSRecord[]) => Promise<void>,
  everyMs = AFTER_MS,
): Promise<T> {
  const finished: SQSRecord[] = [];
  let removing = Promise.resolve();
  const release = () => {
    const records = finished.splice(0);
    if (records.length > 0) removing = removing.then(() => remove(records)).catch(logFailure);
  };
  const timer = setInterval(release, everyMs);
  try {
    return await run((record) => finished.push(record));
  } finally {
    clearInterval(timer);
    await removing;
  }
}

function logFailure(error: unknown): void {
  logger.warn('finished records could not be removed early', { error: error as Error });
}

/** Removes messages from a queue: ten at most, as many as a batch has. */
export async function removeFrom(queueUrl: string, records: Pick<SQSRecord, 'receiptHandle'>[]): Promise<void> {
  const Entries = records.map(({ receiptHandle }, index) => ({ Id: String(index), ReceiptHandle: receiptHandle }));
  await sqs.send(new DeleteMessageBatchCommand({ QueueUrl: queueUrl, Entries }));
}
