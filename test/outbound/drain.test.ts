import type { SQSRecord } from 'aws-lambda';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Channel } from '../../lambdas/channels/types.ts';
import { latestTat, type Rate, slotsAfter, tatToPauseUntil, toleranceOf } from '../../lambdas/domain/pacing.ts';
import type { Sender } from '../../lambdas/domain/sender.ts';
import type { OutboundTask } from '../../lambdas/domain/tasks.ts';
import { type BatchDependencies, deliverBatch } from '../../lambdas/outbound/deliver-batch.ts';
import { ReturnTimes } from '../../lambdas/outbound/return-times.ts';
import { done } from '../../lambdas/platform/fifo-batch.ts';
import { HORIZON_MS } from '../../lambdas/platform/stores/pacing.ts';

/*
 * A queue is drained on a virtual clock: batches of ten, visibility in whole seconds, an exchange that takes 200 ms, functions that
 * know nothing of each other but the pacing state.
 */

const START = 1_700_000_000_000;
const RATE: Rate = { perSecond: 20, burst: 60 };

beforeEach(() => {
  vi.useFakeTimers({ now: START });
});
afterEach(() => {
  vi.useRealTimers();
});

interface Queued {
  task: OutboundTask;
  visibleAt: number;
  receives: number;
  sentAt?: number;
}

/** One sender's pacing state, as the table keeps it. */
class Pacing {
  #tat = 0;

  async reserve(_: string, count: number, rate: Rate, now: number, horizonMs: number = HORIZON_MS.campaign) {
    const idle = { hasBacklog: false, wantsRelease: false };
    const cost = (count * 1_000) / rate.perSecond;
    const before = this.#tat <= now ? now : this.#tat;
    if (this.#tat > now && this.#tat > latestTat(count, rate, now, horizonMs)) {
      return { waitMs: Math.max(50, this.#tat - toleranceOf(rate) - now), ...idle };
    }
    this.#tat = before + cost;
    return { slots: slotsAfter(before, count, rate, now), ...idle };
  }

  pauseUntil(until: number) {
    this.#tat = tatToPauseUntil(until, RATE);
  }
}

/** Drains the queue with so many functions at once. @returns when the last message was sent, ms after the start */
async function drain(queue: Queued[], functions: number, pacing = new Pacing()): Promise<number> {
  const left = new Set(queue);
  const poll = async () => {
    const dependencies: BatchDependencies = {
      senders: {
        get: async () => ({ sid: 'XE', accountSid: 'AC', channel: 'stub', fields: {} }) as Partial<Sender> as Sender,
      },
      channel: () => ({ limits: { rate: RATE } }) as Partial<Channel> as Channel,
      pacing,
      deliver: async ({ messageSid }) => {
        await new Promise((resolve) => setTimeout(resolve, 200));
        const sent = queue[Number(messageSid)];
        if (sent) Object.assign(sent, { sentAt: Date.now() - 200 });
        return done;
      },
      release: async () => undefined,
      postpone: async () => undefined,
      downFor: () => 0,
      returns: new ReturnTimes(() => 0.5),
      bury: async () => undefined,
      hide: async (messages) => {
        for (const { receiptHandle, seconds } of messages) {
          const hidden = queue[Number(receiptHandle)];
          if (hidden) hidden.visibleAt = Date.now() + Math.ceil(seconds) * 1_000;
        }
      },
      now: () => Date.now(),
    };
    while (left.size > 0) {
      const batch = [...left].filter(({ visibleAt }) => visibleAt <= Date.now()).slice(0, 10);
      if (batch.length === 0) {
        await new Promise((resolve) => setTimeout(resolve, 50));
        continue;
      }
      for (const received of batch)
        Object.assign(received, { receives: received.receives + 1, visibleAt: Number.POSITIVE_INFINITY });
      const records = batch.map(({ task }) => recordOf(task));
      const failed = new Set(
        (await deliverBatch(records, () => 60_000, dependencies)).map((each) => each.itemIdentifier),
      );
      for (const received of batch) if (!failed.has(received.task.messageSid)) left.delete(received);
    }
  };
  const finished = Promise.all(Array.from({ length: functions }, poll));
  while (left.size > 0) await vi.advanceTimersByTimeAsync(250);
  await vi.advanceTimersByTimeAsync(1_000);
  await finished;
  return Math.max(...queue.map(({ sentAt = 0 }) => sentAt)) - START;
}

const recordOf = (task: OutboundTask) =>
  ({
    messageId: task.messageSid,
    receiptHandle: task.messageSid,
    body: JSON.stringify(task),
    attributes: { MessageGroupId: task.messageSid },
  }) as SQSRecord;

/** A campaign to so many contacts, each with its turn at the sender's rate. */
const campaign = (count: number, hasTurns = true): Queued[] =>
  Array.from({ length: count }, (_, index) => ({
    task: {
      accountSid: 'AC',
      senderSid: 'XE',
      messageSid: String(index),
      ...(hasTurns && { dueAt: START + index * (1_000 / RATE.perSecond) }),
    },
    visibleAt: START,
    receives: 0,
  }));

const receivesPerMessage = (queue: Queued[]) => queue.reduce((sum, { receives }) => sum + receives, 0) / queue.length;

describe('a queue that holds sixty seconds of a sender', () => {
  it.each([1, 4, 10])(
    'is received about three times at most, and sent at the full rate, by %i functions',
    async (functions) => {
      const queue = campaign(1_200);
      const took = await drain(queue, functions);
      expect(receivesPerMessage(queue)).toBeLessThan(3.1);
      // The burst is sent ahead of time, a second is lost to whole seconds.
      expect(took).toBeLessThan(61_000);
      expect(Math.max(...queue.map(({ receives }) => receives))).toBeLessThan(12);
    },
  );

  it('does not come back all at once after its sender was paused', async () => {
    const queue = campaign(1_200);
    const pacing = new Pacing();
    pacing.pauseUntil(START + 30_000);
    const took = await drain(queue, 4, pacing);
    expect(receivesPerMessage(queue)).toBeLessThan(6);
    expect(took).toBeLessThan(92_000);
  });
});

describe('ten seconds of messages without a turn', () => {
  it('are spread by those who find no slot', async () => {
    const queue = campaign(200, false);
    const took = await drain(queue, 4);
    expect(receivesPerMessage(queue)).toBeLessThan(4);
    expect(took).toBeLessThan(11_000);
  });
});
