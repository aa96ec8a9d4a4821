import type { SQSRecord } from 'aws-lambda';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Channel, ChannelEvent } from '../../lambdas/channels/types.ts';
import type { DeadLetter } from '../../lambdas/domain/tasks.ts';
import { applyPostponed, type PostponedDependencies } from '../../lambdas/inbound/apply-batch.ts';
import { UnknownMessageError } from '../../lambdas/inbound/apply-status.ts';

const NOW = Date.parse('2026-03-01T12:00:00Z');
const event: ChannelEvent = {
  type: 'status',
  channel: 'stub',
  id: 'm1',
  timestamp: '2026-03-01T12:00:00.000Z',
  status: 'delivered',
};

let letters: DeadLetter[];
beforeEach(() => {
  letters = [];
});

/** An event that came so long ago, and on which applying fails so; undefined: it succeeds. */
function apply(seconds: number, error?: Error, task: object | string = {}) {
  const whole = {
    accountSid: 'AC1',
    senderSid: 'XE1',
    event,
    gatewayUrl: 'https://gateway.example',
    receivedAt: new Date(NOW - seconds * 1_000).toISOString(),
  };
  const body = typeof task === 'string' ? task : JSON.stringify({ ...whole, ...task });
  const record = { messageId: 'r1', body, attributes: { ApproximateReceiveCount: '3' } } as SQSRecord;
  const dependencies = {
    senders: { get: async (_account: string, sid: string) => (sid === 'XE1' ? { sid, channel: 'stub' } : undefined) },
    channel: () => ({}) as Channel,
    apply: async () => {
      if (error) throw error;
    },
    bury: async (letter: DeadLetter) => {
      letters.push(letter);
    },
    now: () => NOW,
  } as unknown as PostponedDependencies;
  return applyPostponed(record, dependencies);
}

describe('a postponed event', () => {
  it.each<[string, number, Error | undefined]>([
    ['that can be applied now', 5_000, undefined],
    ['about a message that turned out not to be ours', 61, new UnknownMessageError('unknown', true)],
  ])('%s is done with, and no dead letter', async (_label, seconds, error) => {
    expect(await apply(seconds, error)).toMatchObject({ done: true });
    expect(letters).toEqual([]);
  });

  it.each<[string, number, Error]>([
    ['whose message is not known yet', 599, new UnknownMessageError('unknown')],
    ['whose message may be ours, and still be being sent', 59, new UnknownMessageError('unknown', true)],
    ['that fails for any other reason, however long', 50_000, new Error('throttled')],
  ])('%s is tried again within a minute', async (_label, seconds, error) => {
    const handled = await apply(seconds, error);
    expect(handled.done ? Infinity : handled.retryIn).toBeLessThanOrEqual(60);
    expect(letters).toEqual([]);
  });

  it.each<[string, Error | undefined, object | string, string]>([
    ['whose message was never known', new UnknownMessageError('No such message.'), {}, 'No such message.'],
    ['of a sender that is gone', undefined, { senderSid: 'XE2' }, 'The sender no longer exists.'],
    ['that is none', undefined, 'rubbish', 'The task is not an event.'],
  ])('%s is a dead letter', async (_label, error, task, reason) => {
    expect(await apply(601, error, task)).toMatchObject({ done: true });
    expect(letters).toMatchObject([{ kind: 'event', reason }]);
  });
});
