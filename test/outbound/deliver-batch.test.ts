import type { SQSRecord } from 'aws-lambda';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Channel } from '../../lambdas/channels/types.ts';
import type { OutboundTask } from '../../lambdas/domain/tasks.ts';
import { type BatchDependencies, deliverBatch } from '../../lambdas/outbound/deliver-batch.ts';
import { again, done, type Handled } from '../../lambdas/platform/fifo-batch.ts';

let delivered: string[];
let hidden: { receiptHandle: string; seconds: number }[];
let buried: string[];
let answers: Record<string, () => Promise<Handled>>;
let waitMs: number | undefined;

beforeEach(() => {
  delivered = [];
  hidden = [];
  buried = [];
  answers = {};
  waitMs = undefined;
});

const record = (messageSid: string, group: string, body?: string) =>
  ({
    messageId: `id-${messageSid}`,
    receiptHandle: `handle-${messageSid}`,
    body: body ?? JSON.stringify({ accountSid: 'AC', senderSid: 'XE', messageSid } satisfies OutboundTask),
    attributes: { MessageGroupId: group },
  }) as SQSRecord;

const dependencies = {
  senders: { get: async () => ({ sid: 'XE', channel: 'stub' }) },
  channel: () => ({ limits: { rate: { perSecond: 20, burst: 60 } } }) as unknown as Channel,
  pacing: { reserve: async (_: string, count: number) => (waitMs ? { waitMs } : { slots: Array(count).fill(0) }) },
  deliver: async ({ messageSid }: OutboundTask) => {
    delivered.push(messageSid);
    return (answers[messageSid] ?? (async () => done))();
  },
  bury: async ({ messageId }: SQSRecord) => {
    buried.push(messageId);
  },
  hide: async (messages: typeof hidden) => {
    hidden.push(...messages);
  },
  now: () => 1,
} as unknown as BatchDependencies;

const run = (records: SQSRecord[], remainingMs = 60_000) => deliverBatch(records, () => remainingMs, dependencies);
const ids = (failures: { itemIdentifier: string }[]) => failures.map(({ itemIdentifier }) => itemIdentifier).sort();

describe('a batch', () => {
  it('keeps a waiting task and every later one of its conversation, and delivers the others', async () => {
    answers['a2'] = async () => again(7);
    const failures = await run([record('a1', 'A'), record('a2', 'A'), record('a3', 'A'), record('b1', 'B')]);

    expect(delivered.sort()).toEqual(['a1', 'a2', 'b1']);
    expect(ids(failures)).toEqual(['id-a2', 'id-a3']);
    expect(hidden).toEqual([
      { receiptHandle: 'handle-a2', seconds: 7 },
      { receiptHandle: 'handle-a3', seconds: 7 },
    ]);
  });

  it('keeps a task that an error interrupted, and touches no other conversation', async () => {
    answers['a1'] = () => Promise.reject(new Error('the table was throttled'));
    const failures = await run([record('a1', 'A'), record('a2', 'A'), record('b1', 'B')]);
    expect(ids(failures)).toEqual(['id-a1', 'id-a2']);
    expect(delivered).toContain('b1');
  });

  it('sends everything back until slots open, without delivering', async () => {
    waitMs = 2_500;
    const failures = await run([record('a1', 'A'), record('b1', 'B')]);
    expect(delivered).toEqual([]);
    expect(ids(failures)).toEqual(['id-a1', 'id-b1']);
    expect(hidden.map(({ seconds }) => seconds)).toEqual([2.5, 2.5]);
  });

  it('begins nothing that it may not finish', async () => {
    const failures = await run([record('a1', 'A')], 10_000);
    expect(delivered).toEqual([]);
    expect(ids(failures)).toEqual(['id-a1']);
    expect(hidden).toEqual([{ receiptHandle: 'handle-a1', seconds: 0 }]);
  });

  it.each(['no json', '{"accountSid":"AC"}'])(
    'buries a task that cannot be read (%s) and delivers the rest',
    async (body) => {
      const failures = await run([record('bad', 'A', body), record('a2', 'A')]);
      expect(buried).toEqual(['id-bad']);
      expect(failures).toEqual([]);
      expect(delivered).toEqual(['a2']);
    },
  );
});
