import { ReceiveMessageCommand } from '@aws-sdk/client-sqs';
import type { SQSRecord } from 'aws-lambda';
import { afterAll, expect, it } from 'vitest';
import { callbackTaskSchema } from '../../lambdas/domain/tasks.ts';
import { startAws } from '../support/aws.ts';

const aws = await startAws();
const { releasingEarly, removeFrom } = await import('../../lambdas/platform/early-release.ts');
const { sendTask } = await import('../../lambdas/platform/queues.ts');
afterAll(() => aws.stop());

const queueUrl = process.env['CALLBACKS_QUEUE_URL'] ?? '';
const enqueue = (group: string, name: string) =>
  sendTask(
    queueUrl,
    {
      kind: 'status',
      accountSid: 'AC1',
      messageSid: name,
      url: 'https://shop.example/status',
      method: 'POST',
      params: {},
      idempotencyToken: name,
    },
    { group, deduplicationId: name.replace(' ', '-') },
  );

/** What the queue hands out now, by name. */
async function receive(): Promise<Map<string, SQSRecord>> {
  const { Messages = [] } = await aws.sqs.client.send(
    new ReceiveMessageCommand({ QueueUrl: queueUrl, MaxNumberOfMessages: 10 }),
  );
  return new Map(
    Messages.map(({ Body = '{}', ReceiptHandle = '' }) => [
      callbackTaskSchema.parse(JSON.parse(Body)).messageSid,
      { receiptHandle: ReceiptHandle } as SQSRecord,
    ]),
  );
}

it('a finished record lets the next one of its group through while the batch goes on', async () => {
  await enqueue('quick', 'quick 1');
  await enqueue('quick', 'quick 2');
  await enqueue('slow', 'slow 1');
  const batch = await receive();
  expect([...batch.keys()].toSorted()).toEqual(['quick 1', 'slow 1']);

  const removed = Promise.withResolvers<void>();
  await releasingEarly(
    async (finished) => {
      const quick = batch.get('quick 1');
      if (quick) finished(quick);
      await removed.promise;
      expect([...(await receive()).keys()]).toEqual(['quick 2']);
    },
    async (records) => {
      await removeFrom(queueUrl, records);
      removed.resolve();
    },
    5,
  );
});

it('a batch that does not take long costs nothing more', async () => {
  const removed: unknown[] = [];
  const record = {} as SQSRecord;
  const result = await releasingEarly(
    async (finished) => {
      finished(record);
      return 'answer';
    },
    async (records) => {
      removed.push(...records);
    },
  );
  expect([result, removed]).toEqual(['answer', []]);
});

it('each finished record is removed once, and what cannot be removed is no failure of the batch', async () => {
  const first = {} as SQSRecord;
  const second = {} as SQSRecord;
  const removals: SQSRecord[][] = [];
  const waiting = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  await releasingEarly(
    async (finished) => {
      finished(first);
      await waiting[0]?.promise;
      finished(second);
      await waiting[1]?.promise;
    },
    async (records) => {
      removals.push(records);
      waiting[removals.length - 1]?.resolve();
      throw new Error('SQS is down');
    },
    5,
  );
  expect(removals).toEqual([[first], [second]]);
});
