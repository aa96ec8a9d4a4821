import type { Context, SQSRecord } from 'aws-lambda';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { DeadLetter } from '../../lambdas/domain/tasks.ts';
import { ROOT_ACCOUNT_SID, startAws } from '../support/aws.ts';

const aws = await startAws();
const { handler } = await import('../../lambdas/maintenance/bury.lambda.ts');
const { DeadLetterStore } = await import('../../lambdas/platform/stores/dead-letters.ts');
const { dynamo } = await import('../../lambdas/platform/clients.ts');
const letters = new DeadLetterStore('switchboard', ROOT_ACCOUNT_SID);

const ACCOUNT_SID = `AC${'1'.repeat(32)}`;
const SENDER_SID = `XE${'2'.repeat(32)}`;
const MESSAGE_SID = `SM${'3'.repeat(32)}`;
const task = { accountSid: ACCOUNT_SID, senderSid: SENDER_SID, messageSid: MESSAGE_SID };
const event = { type: 'account', channel: 'sms', name: 'x', detail: null };
const received = { gatewayUrl: 'https://gateway.example', receivedAt: '2026-03-01T12:00:00.000Z' };
const callback = { kind: 'status', url: 'https://a.example', method: 'POST', params: {}, idempotencyToken: 't' };

const lines: string[] = [];
beforeAll(() => {
  vi.spyOn(process.stdout, 'write').mockImplementation((line) => {
    lines.push(String(line));
    return true;
  });
});
afterEach(() => {
  lines.length = 0;
});
afterAll(async () => {
  vi.restoreAllMocks();
  await aws.stop();
});

let entries = 0;
const record = (queue: 'outbound' | 'inbound' | 'callbacks', body: unknown, messageId = `entry-${++entries}`) =>
  ({
    messageId,
    body: typeof body === 'string' ? body : JSON.stringify(body),
    eventSourceARN: `arn:aws:sqs:eu-central-1:000000000000:${process.env[`${queue.toUpperCase()}_DLQ_URL`]?.split('/').at(-1)}`,
    attributes: { MessageGroupId: messageId },
  }) as SQSRecord;

const bury = (...Records: SQSRecord[]) => handler({ Records }, { getRemainingTimeInMillis: () => 30_000 } as Context);

/** The account's letters, oldest first, which the next test does not find. */
async function take(accountSid: string) {
  const found = await letters.page(accountSid, { order: 'oldest first', limit: 100 });
  const whole = await Promise.all(found.letters.map(({ sid }) => letters.get(accountSid, sid)));
  await Promise.all(found.letters.map(({ sid }) => letters.remove(accountSid, sid)));
  return whole;
}

describe('what SQS gave up on', () => {
  it.each([
    ['outbound', task, { kind: 'outbound', senderSid: SENDER_SID, messageSid: MESSAGE_SID }],
    ['inbound', { accountSid: ACCOUNT_SID, senderSid: SENDER_SID, event, ...received }, { kind: 'event' }],
    [
      'inbound',
      { accountSid: ACCOUNT_SID, senderSid: SENDER_SID, method: 'POST', contentType: '', body: '', ...received },
      { kind: 'webhook', senderSid: SENDER_SID },
    ],
    ['callbacks', { ...callback, accountSid: ACCOUNT_SID, messageSid: MESSAGE_SID }, { kind: 'callback' }],
  ] as const)('in %s is kept as a dead letter of its account: %o', async (queue, body, expected) => {
    expect(await bury(record(queue, body))).toEqual({ batchItemFailures: [] });
    const reason = expect.stringContaining('received too often');
    expect(await take(ACCOUNT_SID)).toMatchObject([{ ...expected, reason, payload: body }]);
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([
      { DeadLetters: 1, TableName: 'switchboard', Queue: queue },
    ]);
  });

  it.each([
    ['outbound', 'no JSON', 'outbound'],
    ['inbound', { hello: 'world' }, 'event'],
    ['callbacks', [], 'callback'],
  ] as const)('in %s and cannot be read is kept for the root account: %o', async (queue, body, kind) => {
    await bury(record(queue, body));
    expect(await take(ROOT_ACCOUNT_SID)).toMatchObject([{ kind, accountSid: '', payload: body }]);
  });

  it('is kept once, however often it comes', async () => {
    const entry = record('outbound', task);
    await bury(entry);
    await bury(entry);
    expect(await take(ACCOUNT_SID)).toHaveLength(1);
  });

  it('is left with the reason that it has, where an earlier version had put it there', async () => {
    const at = '2026-03-01T12:00:00.000Z';
    const letter: DeadLetter = { kind: 'event', reason: 'Old.', at, accountSid: ACCOUNT_SID, payload: { a: 1 } };
    await bury(record('inbound', letter));
    expect(await take(ACCOUNT_SID)).toMatchObject([letter]);
  });

  it('comes again where it could not be kept, and does not stop the others', async () => {
    const send = dynamo.send.bind(dynamo);
    vi.spyOn(dynamo, 'send').mockImplementation(((command: { input: { Item?: { payload?: string } } }) =>
      command.input.Item?.payload?.includes('poison')
        ? Promise.reject(new Error('throttled'))
        : send(command as never)) as typeof dynamo.send);
    const [bad, good] = [record('outbound', 'poison'), record('outbound', task)];
    expect(await bury(bad, good)).toEqual({ batchItemFailures: [{ itemIdentifier: bad.messageId }] });
    vi.mocked(dynamo.send).mockRestore();
    expect(await take(ACCOUNT_SID)).toHaveLength(1);
  });
});
