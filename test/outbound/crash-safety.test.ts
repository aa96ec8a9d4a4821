import { describe, expect, it } from 'vitest';
import type { Message } from '../../lambdas/domain/message.ts';
import { LEASE_MS } from '../../lambdas/outbound/attempt.ts';
import { accepted, events, failed, RATE, START, startDelivery } from './support.ts';

const { MessageStore } = await import('../../lambdas/platform/stores/messages.ts');
const { deliverMessage } = await import('../../lambdas/outbound/deliver-message.ts');
const delivery = startDelivery();
const table = process.env['TABLE_NAME'] ?? '';

type Store = InstanceType<typeof MessageStore>;

/** A table whose answer to a write is lost, so that the client writes it again. */
class LostAnswers extends MessageStore {
  override async claim(...given: Parameters<Store['claim']>) {
    await super.claim(...given);
    return super.claim(...given);
  }

  override async advance(...given: Parameters<Store['advance']>) {
    await super.advance(...given);
    return super.advance(...given);
  }

  override async putBack(...given: Parameters<Store['putBack']>) {
    await super.putBack(...given);
    return super.putBack(...given);
  }
}

const canceledBy = (...more: string[]): Partial<Message> => ({
  status: 'canceled',
  timeline: ['queued', 'canceled', ...more].map((event) => ({ at: new Date(START).toISOString(), event, by: 'api' })),
});

describe('a task', () => {
  it.each<[string, Partial<Message>, string[]]>([
    ['canceled', canceledBy('callback'), []],
    ['canceled by a request that was cut off before its callback', canceledBy(), ['canceled']],
    ['scheduled', { status: 'scheduled' }, []],
    ['delivered already', { status: 'delivered', attempt: 1 }, []],
    ['undelivered', { status: 'undelivered', attempt: 1 }, []],
  ])('of a message that is %s is dropped without sending', async (_label, overrides, statuses) => {
    const message = await delivery.queue(overrides);
    const before = await delivery.stored(message);
    expect(await delivery.deliver(message)).toEqual({ done: true });
    expect([delivery.provider.requests, delivery.statuses(), delivery.buried]).toEqual([[], statuses, []]);
    expect(await delivery.stored(message)).toEqual(before);
  });

  it('of a message that is not stored yet waits for it, where it was in the backlog before, but not for ever', async () => {
    const queued = await delivery.queue();
    const late: Message = { ...queued, sid: `SM${'e'.repeat(32)}` };
    const task = { ...delivery.task(late), released: true, dueAt: START };
    const deliver = () => deliverMessage(task, delivery.dependencies(delivery.channel()));
    expect(await deliver()).toEqual({ done: false, retryIn: 5 });
    await delivery.messages.insert(late);
    expect(await deliver()).toEqual({ done: true });
    expect(delivery.statuses()).toEqual(['sent']);
    const never = { ...task, messageSid: `SM${'d'.repeat(32)}`, dueAt: START - 60_000 };
    expect(await deliverMessage(never, delivery.dependencies(delivery.channel()))).toEqual({ done: true });
  });

  it.each([
    ['was never stored', async () => undefined],
    [
      'was deleted',
      async (message: Message) => {
        await delivery.queue(message);
        await delivery.messages.delete(message, START);
      },
    ],
  ])('of a message that %s is dropped', async (_label, prepare) => {
    const message: Message = { ...(await delivery.queue()), sid: `SM${'f'.repeat(32)}`, status: 'sent' };
    await prepare(message);
    expect(await delivery.deliver(message)).toEqual({ done: true });
    expect(delivery.provider.requests).toEqual([]);
  });

  it('that two functions have at once is sent by one of them', async () => {
    const message = await delivery.queue();
    const both = await Promise.all([delivery.deliver(message), delivery.deliver(message)]);
    expect(both).toContainEqual({ done: true });
    expect(delivery.provider.requests).toHaveLength(1);
    for (const handled of both) if (!handled.done) expect(handled.retryIn).toBeGreaterThan(LEASE_MS / 1_000 - 1);
    expect(await delivery.deliver(message)).toEqual({ done: true });
    expect(delivery.provider.requests).toHaveLength(1);
  });

  it('that comes again after its message failed sends nothing', async () => {
    delivery.provider.script(failed({ class: 'permanent' }), accepted());
    const message = await delivery.queue();
    await delivery.deliver(message);
    expect(await delivery.deliver(message)).toEqual({ done: true });
    expect([delivery.provider.requests.length, delivery.statuses()]).toEqual([1, ['failed', 'failed']]);
  });
});

describe('a write whose answer is lost', () => {
  const lossy = () => ({ messages: new LostAnswers(table) });

  it('is known again: the message is neither in doubt nor sent twice', async () => {
    const message = await delivery.queue();
    const channel = delivery.channel({ inDoubt: { wait: 0, resend: false } });
    expect(await delivery.deliver(message, channel, lossy())).toEqual({ done: true });
    const after = await delivery.stored(message);
    expect([events(after), after.channelMessageIds]).toEqual([['queued', 'sending', 'sent'], ['id-1']]);
    expect([delivery.provider.requests.length, delivery.statuses()]).toEqual([1, ['sent']]);
  });

  it('is known again when a message is taken over', async () => {
    const message = await delivery.queue({ status: 'sending', attempt: 1, leaseUntil: START });
    expect(await delivery.deliver(message, delivery.channel(), lossy())).toEqual({ done: true });
    expect(events(await delivery.stored(message))).toEqual(['queued', 'in-doubt', 'sent']);
  });

  it('puts a message back once, and fails it once', async () => {
    delivery.provider.script(failed({ retryAfter: 5 }), failed({ class: 'permanent' }));
    const message = await delivery.queue();
    expect(await delivery.deliver(message, delivery.channel(), lossy())).toEqual({ done: false, retryIn: 5 });
    expect(await delivery.deliver(message, delivery.channel(), lossy())).toEqual({ done: true });
    expect(events(await delivery.stored(message))).toEqual(['queued', 'sending', 'retry', 'sending', 'failed']);
    expect(delivery.statuses()).toEqual(['failed']);
  });
});

describe('a message that was accepted by the channel', () => {
  it('is recorded although the table failed for a moment', async () => {
    let failures = 1;
    class Failing extends MessageStore {
      override async advance(...given: Parameters<Store['advance']>) {
        if (failures-- > 0) throw new Error('throttled');
        return super.advance(...given);
      }
    }
    const message = await delivery.queue();
    expect(await delivery.deliver(message, delivery.channel(), { messages: new Failing(table) })).toEqual({
      done: true,
    });
    expect([(await delivery.stored(message)).status, delivery.provider.requests.length]).toEqual(['sent', 1]);
  });

  it.each(['delivered', 'failed'] as const)(
    'and is %s before that is recorded stays so, and keeps its id',
    async (status) => {
      const message = await delivery.queue();
      const channel = delivery.channel({
        interpret: async () => {
          await delivery.reported(message, status);
          return { outcome: 'accepted', id: 'fast' };
        },
      });
      await delivery.deliver(message, channel);
      const after = await delivery.stored(message);
      expect(after).toMatchObject({ status, channelMessageIds: ['fast'] });
      expect(delivery.buried).toEqual([]);
    },
  );
});

describe('a lease', () => {
  /** A channel whose upload takes long, and what happens meanwhile. */
  const slow = (meanwhile: () => Promise<unknown>) =>
    delivery.channel({
      plan: async () => [
        {
          steps: [
            {
              name: 'upload',
              kind: 'request',
              request: () => ({ method: 'POST', url: `${delivery.provider.url}/upload`, headers: {} }),
              read: async () => {
                await meanwhile();
                return { outcome: 'done', value: '' };
              },
              placeholder: '',
            },
          ],
          request: () => ({ method: 'POST', url: `${delivery.provider.url}/send`, headers: {} }),
        },
      ],
    });
  const sends = () => delivery.provider.requests.filter(({ path }) => path === '/send').length;

  it('is made longer when an attempt comes to the sending late', async () => {
    const message = await delivery.queue();
    let leaseUntil: number | undefined;
    const channel = slow(async () => {
      delivery.now += LEASE_MS - 5_000;
    });
    const interpret = channel.interpret;
    channel.interpret = async (...given) => {
      leaseUntil = (await delivery.stored(message)).leaseUntil;
      return interpret(...given);
    };
    expect(await delivery.deliver(message, channel)).toEqual({ done: true });
    expect(leaseUntil).toBeGreaterThanOrEqual(delivery.now + LEASE_MS);
  });

  it('that ran out, and the message with it, ends the attempt without sending', async () => {
    const message = await delivery.queue();
    const other = slow(async () => undefined);
    const channel = slow(async () => {
      delivery.now += LEASE_MS + 1_000;
      await delivery.deliver(message, other);
    });
    expect(await delivery.deliver(message, channel)).toMatchObject({ done: false });
    expect(sends()).toBe(1);
    expect(await delivery.deliver(message, channel)).toEqual({ done: true });
    expect([sends(), (await delivery.stored(message)).status]).toEqual([1, 'sent']);
  });
});

describe('a message in parts', () => {
  it('waits in the queue, not in the function, when there is no slot for the next part; and goes on there', async () => {
    const message = await delivery.queue({ body: 'one|two' });
    const channel = delivery.channel({
      interpret: async () => {
        await delivery.pacing().pause(delivery.sender.sid, delivery.now + 20_000, RATE);
        return { outcome: 'accepted', id: 'x' };
      },
    });
    expect(await delivery.deliver(message, channel)).toEqual({ done: false, retryIn: 20 });
    expect(await delivery.stored(message)).toMatchObject({ status: 'queued', channelMessageIds: ['x'] });

    delivery.now += 20_000;
    expect(await delivery.deliver(message)).toEqual({ done: true });
    expect(delivery.provider.requests.map(({ body }) => body)).toEqual(['one', 'two']);
  });

  it('goes on in another attempt when the first one is long under way', async () => {
    const message = await delivery.queue({ body: 'one|two|three' });
    const channel = delivery.channel({
      interpret: async () => {
        delivery.now += LEASE_MS / 2;
        return { outcome: 'accepted', id: 'x' };
      },
    });
    for (let attempts = 1; attempts < 3; attempts += 1) {
      expect(await delivery.deliver(message, channel)).toMatchObject({ done: false });
      expect(delivery.provider.requests).toHaveLength(attempts);
    }
    expect(await delivery.deliver(message, channel)).toEqual({ done: true });
    expect(delivery.provider.requests.map(({ body }) => body)).toEqual(['one', 'two', 'three']);
  });
});
