import { DeleteMessageBatchCommand, type Message, ReceiveMessageCommand, type SQSClient } from '@aws-sdk/client-sqs';
import type { SQSBatchResponse, SQSRecord } from 'aws-lambda';

/**
 * Takes a queue empty as Lambda's pollers do: receive, invoke, delete. Unlike them it waits for no message that may still
 * come, so batches are full until the queue runs out.
 * @throws when the function returns an entry: then more is being counted than a message that goes well takes
 */
export async function takeAll(
  client: SQSClient,
  queueUrl: string,
  batchSize: number,
  invoke: (event: { Records: SQSRecord[] }) => Promise<SQSBatchResponse>,
): Promise<void> {
  for (;;) {
    const { Messages = [] } = await client.send(
      new ReceiveMessageCommand({
        QueueUrl: queueUrl,
        MaxNumberOfMessages: batchSize,
        MessageSystemAttributeNames: ['All'],
      }),
    );
    if (Messages.length === 0) return;
    const { batchItemFailures } = await invoke({ Records: Messages.map(toRecord) });
    if (batchItemFailures.length > 0)
      throw new Error(`${batchItemFailures.length} entries were returned to the queue.`);
    const Entries = Messages.map(({ ReceiptHandle }, index) => ({ Id: String(index), ReceiptHandle }));
    await client.send(new DeleteMessageBatchCommand({ QueueUrl: queueUrl, Entries }));
  }
}

function toRecord(message: Message): SQSRecord {
  return {
    messageId: message.MessageId ?? '',
    receiptHandle: message.ReceiptHandle ?? '',
    body: message.Body ?? '',
    attributes: message.Attributes as unknown as SQSRecord['attributes'],
    messageAttributes: {},
    md5OfBody: message.MD5OfBody ?? '',
    eventSource: 'aws:sqs',
    eventSourceARN: '',
    awsRegion: '',
  };
}
