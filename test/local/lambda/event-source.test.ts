import { ChangeMessageVisibilityCommand, SendMessageCommand } from '@aws-sdk/client-sqs';
import type { SQSEvent, SQSRecord } from 'aws-lambda';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EventSource, type EventSourceConfiguration } from '../../../local/lambda/event-source.ts';
import { Sqs } from '../../../local/sqs.ts';

const nothingLeft = { visible: 0, inFlight: 0, delayed: 0 };

describe('An SQS event source', () => {
  let sqs: Sqs;
  let queueUrl: string;
  let queueArn: string;
  let deadLettersUrl: string;
  let source: EventSource | undefined;
  let serial = 0;

  beforeEach(async () => {
    sqs = await Sqs.start();
    const deadLetters = await sqs.createQueue('DeadLetters', { FifoQueue: true });
    const queue = await sqs.createQueue('Work', {
      FifoQueue: 'true',
      VisibilityTimeout: 600,
      RedrivePolicy: { deadLetterTargetArn: deadLetters.attributes.Arn, maxReceiveCount: 2 },
    });
    [queueUrl, queueArn, deadLettersUrl] = [queue.ref, queue.attributes.Arn, deadLetters.ref];
  });

  afterEach(async () => {
    await source?.stop();
    await sqs.stop();
  });

  async function send(body: string, group: string): Promise<void> {
    serial += 1;
    const id = `d${serial}`;
    await sqs.client.send(
      new SendMessageCommand({
        QueueUrl: queueUrl,
        MessageBody: body,
        MessageGroupId: group,
        MessageDeduplicationId: id,
        MessageAttributes: { kind: { DataType: 'String', StringValue: 'test' } },
      }),
    );
  }

  /** Starts the source; what the function was given is in the list that this returns. */
  function consume(
    answer: (records: SQSRecord[]) => unknown,
    changes: Partial<EventSourceConfiguration> = {},
    maximumConcurrency = 4,
  ): SQSRecord[] {
    const records: SQSRecord[] = [];
    const invoke = async (event: unknown) => {
      const { Records } = event as SQSEvent;
      records.push(...Records);
      return await answer(Records);
    };
    const configuration = { queueUrl, queueArn, batchSize: 10, maximumConcurrency: 10, reportBatchItemFailures: true };
    source = new EventSource(sqs.client, { invoke, maximumConcurrency }, { ...configuration, ...changes });
    source.start();
    return records;
  }

  const depth = () => expect.poll(() => sqs.depth(queueUrl), { interval: 10, timeout: 5000 });
  const failing = (body: string) => (records: SQSRecord[]) => ({
    batchItemFailures: records
      .filter((record) => record.body === body)
      .map(({ messageId }) => ({ itemIdentifier: messageId })),
  });

  it("gives the function records in Lambda's shape and deletes what is done", async () => {
    await send('hello', 'g1');
    const records = consume(() => ({ batchItemFailures: [] }));
    await depth().toEqual(nothingLeft);

    expect(records).toHaveLength(1);
    expect(records[0]).toEqual({
      messageId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      receiptHandle: expect.any(String),
      body: 'hello',
      attributes: {
        ApproximateReceiveCount: '1',
        ApproximateFirstReceiveTimestamp: expect.stringMatching(/^\d+$/),
        SentTimestamp: expect.stringMatching(/^\d+$/),
        SenderId: expect.any(String),
        MessageGroupId: 'g1',
        MessageDeduplicationId: expect.any(String),
        SequenceNumber: expect.any(String),
      },
      messageAttributes: {
        kind: { dataType: 'String', stringValue: 'test', stringListValues: [], binaryListValues: [] },
      },
      md5OfBody: '5d41402abc4b2a76b9719d911017c592',
      md5OfMessageAttributes: expect.stringMatching(/^[0-9a-f]{32}$/),
      eventSource: 'aws:sqs',
      eventSourceARN: queueArn,
      awsRegion: 'us-east-1',
    });
  });

  it('takes several groups in one batch, up to the batch size', async () => {
    for (const group of ['g1', 'g2', 'g3']) await send(`from ${group}`, group);
    const batches: number[] = [];
    consume(
      (records) => {
        batches.push(records.length);
        return null;
      },
      { batchSize: 2 },
    );
    await depth().toEqual(nothingLeft);
    expect(batches).toEqual([2, 1]);
  });

  it('keeps what the function reports as failed and deletes the rest of the batch', async () => {
    await send('good', 'g1');
    await send('bad', 'g2');
    consume(failing('bad'));
    await depth().toEqual({ visible: 0, inFlight: 1, delayed: 0 });
  });

  it('holds back the rest of a group until its failed message is done', async () => {
    await send('bad', 'g1');
    await send('after', 'g1');
    let broken = true;
    const records = consume((batch) => (broken ? failing('bad')(batch) : null));
    await depth().toEqual({ visible: 1, inFlight: 1, delayed: 0 });
    expect(records.map(({ body }) => body)).toEqual(['bad']);

    broken = false;
    await source?.redeliver();
    await depth().toEqual(nothingLeft);
    expect(records.map(({ body }) => body)).toEqual(['bad', 'bad', 'after']);
  });

  it('leaves the visibility that the function set', async () => {
    await send('later', 'g1');
    let receives = 0;
    consume(async (records) => {
      receives += 1;
      if (receives > 1) return null;
      const ReceiptHandle = records[0]?.receiptHandle;
      await sqs.client.send(
        new ChangeMessageVisibilityCommand({ QueueUrl: queueUrl, ReceiptHandle, VisibilityTimeout: 1 }),
      );
      return failing('later')(records);
    });
    // The queue's own timeout is ten minutes, so only the function's can bring it back in time.
    await depth().toEqual(nothingLeft);
    expect(receives).toBe(2);
  });

  it.each<[string, () => unknown]>([
    [
      'a thrown error',
      () => {
        throw new Error('asked to throw');
      },
    ],
    ['a malformed answer', () => ({ batchItemFailures: 'all' })],
    ['an empty identifier', () => ({ batchItemFailures: [{ itemIdentifier: '' }] })],
    ['an identifier of no message', () => ({ batchItemFailures: [{ itemIdentifier: 'unknown' }] })],
  ])('keeps the whole batch after %s', async (_name, answer) => {
    await send('one', 'g1');
    await send('two', 'g2');
    consume(answer);
    await depth().toEqual({ visible: 0, inFlight: 2, delayed: 0 });
  });

  it.each<[string, unknown]>([
    ['nothing', null],
    ['an empty text', ''],
    ['an object without failures', {}],
    ['no failures', { batchItemFailures: [] }],
    ['failures that are null', { batchItemFailures: null }],
  ])('takes %s as success', async (_name, answer) => {
    await send('one', 'g1');
    consume(() => answer);
    await depth().toEqual(nothingLeft);
  });

  it('pays no attention to failures that it was not told to expect', async () => {
    await send('bad', 'g1');
    consume(failing('bad'), { reportBatchItemFailures: false });
    await depth().toEqual(nothingLeft);
  });

  it('lets a message that failed too often become a dead letter, and its group go on', async () => {
    await send('bad', 'g1');
    await send('after', 'g1');
    const records = consume(failing('bad'));
    const deadLetters = async () => {
      await source?.redeliver();
      return (await sqs.depth(deadLettersUrl)).visible;
    };
    await expect.poll(deadLetters, { interval: 10, timeout: 5000 }).toBe(1);
    await depth().toEqual(nothingLeft);
    expect(records.map(({ body }) => body)).toEqual(['bad', 'bad', 'after']);
  });

  it('has no more batches in hand than it may', async () => {
    for (let number = 0; number < 6; number += 1) await send(`${number}`, `g${number}`);
    let inHand = 0;
    let most = 0;
    const gate = Promise.withResolvers<null>();
    consume(
      async () => {
        inHand += 1;
        most = Math.max(most, inHand);
        if (inHand === 2) gate.resolve(null);
        await gate.promise;
        inHand -= 1;
        return null;
      },
      { batchSize: 1, maximumConcurrency: 2 },
    );
    await depth().toEqual(nothingLeft);
    expect(most).toBe(2);
  });
});
